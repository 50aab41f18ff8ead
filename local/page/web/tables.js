// The tables and their items. An item opens in a dialog, where it can be changed.

import { byId, element, get, isNarrow, refill, rove, shortened } from "./dom.js";
import * as item from "./item.js";

// More columns are in the dialog only.
const MAX_COLUMNS = 12;
const MAX_CELL = 80; // characters
const TELLING = ["name", "email", "title", "subject", "event", "kind", "role", "status", "createdAt"];

let chosen = "";
const settle = rove(byId("tables"), "a");
const settleItems = rove(byId("table"), "tbody button");

/** Show the list of tables, and the items of the chosen one. */
export const show = async ([wanted = ""]) => {
  chosen = wanted;
  byId("view-tables").classList.toggle("opened", wanted !== "");
  if (!wanted) byId("table").replaceChildren(element("p.empty", { textContent: "Choose a table. It shows local data only, none from AWS." }));
  try {
    const table = await list(wanted);
    if (table && chosen === wanted) await open(table);
  } catch {
    byId("table").replaceChildren(element("p.empty", { textContent: "The tables cannot be read. Check the runner's terminal and try again." }));
  }
};

const counts = ({ items, bookkeeping }) => `${items} item${items === 1 ? "" : "s"}${bookkeeping ? `, ${bookkeeping} bookkeeping` : ""}`;

/** Refresh the list. Returns the chosen table. */
const list = async (current) => {
  const tables = await get("tables.json");
  refill(
    byId("tables"),
    tables.map((table) => {
      const link = element("a.row.line", { href: `#tables/${encodeURIComponent(table.name)}` }, element("span.who", { textContent: table.name }), element("span.muted", { textContent: counts(table) }));
      if (table.name === current) link.setAttribute("aria-current", "true");
      return element("li", {}, link);
    }),
  );
  settle();
  return tables.find(({ name }) => name === current);
};

const open = async (table) => {
  const url = `tables/${encodeURIComponent(table.name)}`;
  const heading = element("h2", { textContent: table.name, tabIndex: -1 });
  const total = element("p.muted", { textContent: `${counts(table)}. Local data, in the table's order.` });
  const place = element("div", {});
  const note = element("p.muted", { role: "status" });
  const more = element("button.quiet.wide", { type: "button", textContent: "Show more", hidden: true });
  const [partition, sort] = table.key.map((part, at) => {
    const placeholder = at && part.type !== "N" ? "begins with" : "equals";
    return element("input", { type: "search", autocomplete: "off", spellcheck: false, id: `key-${at}`, placeholder });
  });
  let rows = []; // {key, item}
  let cursor = "";
  let asked = 0;
  const load = async (again) => {
    const turn = (asked += 1);
    more.disabled = true;
    if (again) cursor = "";
    try {
      const page = await get(`${url}.json?${new URLSearchParams({ cursor, partition: partition.value, sort: partition.value ? (sort?.value ?? "") : "" })}`);
      if (turn !== asked) return;
      const found = page.items.map((one, at) => ({ item: one, key: page.keys[at], isBookkeeping: page.bookkeeping[at] }));
      rows = again ? found : [...rows, ...found];
      cursor = page.next ?? "";
      note.textContent = rows.length ? "" : partition.value ? "No item has this key." : "The table is empty.";
      place.replaceChildren(...(rows.length ? [grid(table, rows, reload)] : []));
    } catch {
      if (turn === asked) note.textContent = "The items cannot be read: check the value of the key.";
    }
    more.hidden = !cursor;
    more.disabled = false;
    settleItems();
  };
  const reload = async () => {
    await load(true);
    const now = await list(table.name);
    if (now) total.textContent = `${counts(now)}. Local data, in the table's order.`;
  };
  more.addEventListener("click", () => load(false));
  const filter = element(
    "form.filter",
    { role: "search" },
    ...table.key.flatMap(({ name }, at) => [element("label", { for: `key-${at}` }, element("code", { textContent: name })), at ? sort : partition]),
    element("button", { type: "submit", textContent: "Find" }),
  );
  const showSort = () => sort && (sort.disabled = !partition.value);
  partition.addEventListener("input", showSort);
  showSort();
  filter.addEventListener("submit", (event) => {
    event.preventDefault();
    load(true);
  });
  // The cross of a search field clears it.
  partition.addEventListener("search", () => partition.value || load(true));
  await load(true);
  if (chosen !== table.name) return;
  const refresh = element("button", { type: "button", textContent: "Refresh", onclick: reload });
  const exported = element("a.button", { href: `${url}/export.json`, download: `${table.name}.json`, textContent: "Export as JSON" });
  byId("table").replaceChildren(
    element("a.back", { href: "#tables", textContent: "← All tables" }),
    element("div.line", {}, heading, element("span.buttons", {}, refresh, exported)),
    total,
    filter,
    note,
    place,
    more,
  );
  settleItems();
  if (isNarrow()) heading.focus();
};

/** Return the key attributes, then those that tell items apart at a glance, then the others: the most common first. */
const columnsOf = (key, rows) => {
  const weight = new Map();
  // An item with many attributes is what the table is about; one with few may be a marker.
  for (const { item: one } of rows) for (const name of Object.keys(one)) weight.set(name, (weight.get(name) ?? 0) + Object.keys(one).length);
  const names = key.map(({ name }) => name);
  const rank = (name) => (TELLING.indexOf(name) + 1 || TELLING.length + 1);
  const others = [...weight.keys()].filter((name) => !names.includes(name)).sort((a, b) => rank(a) - rank(b) || weight.get(b) - weight.get(a) || a.localeCompare(b));
  return [...names, ...others].slice(0, MAX_COLUMNS);
};

const grid = (table, rows, reload) => {
  const columns = columnsOf(table.key, rows);
  return element(
    "div.scroll.grid",
    { tabIndex: 0, role: "region", "aria-label": `Items of ${table.name}` },
    element(
      "table.items",
      {},
      element("thead", {}, element("tr", {}, ...columns.map((name) => element("th", { scope: "col", textContent: name })))),
      element("tbody", {}, ...rows.map((row) => line(table, columns, row, reload))),
    ),
  );
};

const line = (table, columns, { key, item: one, isBookkeeping }, reload) => {
  const [first, ...others] = columns;
  const button = element("button.path", { type: "button", textContent: shortened(one[first], MAX_CELL), title: "Open the item" });
  const properties = isBookkeeping ? { title: "Bookkeeping of the API, not what the table is about" } : {};
  const created = element(isBookkeeping ? "tr.bookkeeping" : "tr", properties, element("td", {}, button), ...others.map((name) => element("td", { textContent: name in one ? shortened(one[name], MAX_CELL) : "" })));
  created.addEventListener("click", () => getSelection().isCollapsed && item.open(table, key, reload));
  return created;
};
