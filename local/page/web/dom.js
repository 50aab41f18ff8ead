// Helpers for all views. Text is only ever inserted as text, never as HTML.

export const byId = (id) => document.getElementById(id);

/**
 * Create an element; "p.muted" adds a class. `role`, `for` and names with a hyphen (aria-…) are set as attributes, the
 * rest as properties.
 */
export const element = (name, properties = {}, ...children) => {
  const [tag, ...classes] = name.split(".");
  const created = document.createElement(tag);
  if (classes.length) created.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-") || key === "role" || key === "for") created.setAttribute(key, value);
    else created[key] = value;
  }
  created.append(...children.filter((child) => child !== null && child !== undefined));
  return created;
};

/** Fetch JSON from one of the page's own URLs. */
export const get = async (address) => {
  const response = await fetch(address, { cache: "no-store" });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.json();
};

/** Send a change to one of the page's own URLs. Throws an error with the server's message. */
export const change = async (method, address, body) => {
  const headers = { "Content-Type": "application/json", "X-Local-Page": "1" };
  const response = await fetch(address, { method, headers, body: JSON.stringify(body), cache: "no-store" });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer?.message ?? `${address}: ${response.status}`);
  return answer;
};

/** Parse JSON; undefined if it is none. */
export const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Return the CSS class of a status. */
export const grade = (status) => (status >= 500 ? "bad" : status >= 400 ? "poor" : "good");

/** Return a value as text of at most `length` characters. */
export const shortened = (value, length) => {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > length ? `${text.slice(0, length)}…` : text;
};

/** Create a paragraph for each block of text. Text in backticks becomes code. */
export const prose = (text) =>
  text.split(/\n\s*\n/).map((part) => element("p", {}, ...part.split("`").map((piece, at) => (at % 2 ? element("code", { textContent: piece }) : piece))));

let fields = 0;

/** Create a control with its label, and `more` below. */
export const field = (label, control, more) => {
  control.id = `field-${(fields += 1)}`;
  control.autocomplete = "off";
  control.spellcheck = false;
  return element("div.field", {}, element("label", { for: control.id, textContent: label }), control, more ?? null);
};

const pad = (number, digits = 2) => String(number).padStart(digits, "0");

/** Format a time: 14:05:09, with the date in front if it is not today. */
export const clock = (date) => {
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  const today = date.toDateString() === new Date().toDateString();
  return today ? time : `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${time}`;
};

export const isNarrow = () => matchMedia("(max-width: 47.99rem)").matches;

/**
 * Make a list a single stop for the Tab key (roving tabindex): arrows (or j and k), Home and End move inside it.
 * `selector` finds the focusable elements. Call the returned function after each change of the list.
 */
export const rove = (list, selector) => {
  const stops = () => [...list.querySelectorAll(selector)];
  const settle = () => {
    const all = stops();
    const stop = all.find((one) => one === document.activeElement) ?? all.find((one) => one.matches("[aria-current]")) ?? all[0];
    for (const one of all) one.tabIndex = one === stop ? 0 : -1;
  };
  list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !event.target.matches(selector)) return;
    const all = stops();
    const at = all.indexOf(event.target);
    const to = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    all[Math.max(0, Math.min(to, all.length - 1))]?.focus();
  });
  list.addEventListener("focusin", (event) => {
    if (!event.target.matches(selector)) return;
    for (const one of stops()) one.tabIndex = one === event.target ? 0 : -1;
  });
  return settle;
};

/** Replace the items of a list of links, and keep the focus on the same link. */
export const refill = (list, items) => {
  const focused = list.contains(document.activeElement) ? document.activeElement.hash : null;
  list.replaceChildren(...items);
  if (focused) [...list.querySelectorAll("a")].find((link) => link.hash === focused)?.focus({ preventScroll: true });
};

/** Create accessible tabs. `panels` maps names to functions that create the content whenever it is shown. */
export const tabs = (label, panels, chosen, choose) => {
  const list = element("div.tabs", { role: "tablist", "aria-label": label });
  const panel = element("div.panel", { role: "tabpanel", tabIndex: -1 });
  const show = (name, focus) => {
    for (const tab of list.children) {
      const on = tab.textContent === name;
      tab.setAttribute("aria-selected", on);
      tab.tabIndex = on ? 0 : -1;
      if (on && focus) tab.focus();
    }
    panel.setAttribute("aria-label", name);
    panel.replaceChildren(panels[name]());
    choose(name);
  };
  for (const name of Object.keys(panels)) {
    list.append(element("button", { type: "button", role: "tab", textContent: name, onclick: () => show(name, true) }));
  }
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const all = Object.keys(panels);
    const at = all.indexOf(event.target.textContent);
    show(all[(at + step + all.length) % all.length], true);
  });
  show(chosen in panels ? chosen : Object.keys(panels)[0], false);
  return [list, panel];
};

/** Create a block of text that can be scrolled with the keyboard. */
export const block = (text, label) => element("pre", { textContent: text, tabIndex: 0, role: "region", "aria-label": label });
