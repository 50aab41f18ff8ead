// The requests, live. Each row opens to what was sent and answered, and to the log lines of its function.

import { block, byId, clock, element, get, grade, rove } from "./dom.js";
import * as exchange from "./exchange.js";

const MAX_ROWS = 300;
const NOTHING = { lines: [], calls: [] };

let known = []; // oldest first
let newest = 0;
let countAtPause = 0;
let isPaused = false;

const settle = rove(byId("requests"), "button");

/** The number of the newest request received so far. */
export const last = () => newest;

export const reset = () => {
  known = [];
  newest = countAtPause = 0;
  render();
};

export const show = () => {};

export const add = (more) => {
  if (!more.length) return;
  newest = more.at(-1).number;
  known.push(...more);
  if (isPaused) {
    showPaused();
    return;
  }
  const matching = more.filter(matches);
  byId("requests").prepend(...matching.reverse().map(row));
  trim();
};

const matches = (request) => {
  const text = `${request.method} ${request.path} ${request.status} ${request.function} ${request.cold ? "cold" : "warm"} ${request.cors ? "cors" : ""}`.toLowerCase();
  return byId("request-filter").value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
};

const row = (request) => {
  const { at, method, path, status, milliseconds, cold, problem, cors } = request;
  const name = request.function;
  const toggle = element("button.path", { type: "button", textContent: path, "aria-expanded": "false" });
  const start = name && !problem ? (cold ? "cold" : "warm") : "";
  const created = element(
    "tr",
    {},
    element("td.roomy.muted", { textContent: clock(new Date(at * 1000)) }),
    element(`td.method`, { textContent: method }),
    element("td", {}, toggle),
    element(`td.status.${cors ? "poor" : grade(status)}`, {}, String(status), cors ? element("span.badge.refusal", { textContent: "CORS", title: cors }) : ""),
    element("td.number", { textContent: `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms` }),
    element("td", {}, start ? element(`span.start.${start}`, { textContent: start }) : ""),
    element("td.roomy.muted", { textContent: name }),
  );
  created.addEventListener("click", (event) => {
    if (!getSelection().isCollapsed && event.target !== toggle) return;
    const open = toggle.getAttribute("aria-expanded") === "true";
    toggle.setAttribute("aria-expanded", !open);
    if (open) created.nextSibling.remove();
    else created.after(detail(request));
  });
  return created;
};

const detail = (request) => {
  const { number, at, function: name, problem, request_id: id, cors } = request;
  const place = element("td", { colSpan: 7 });
  const facts = [clock(new Date(at * 1000)), name || "no function", id && `request ${id}`].filter(Boolean).join(" · ");
  place.append(element("p.muted", { textContent: facts }));
  if (cors) place.append(element("p.poor", { textContent: `A browser keeps this response from the page that asked: ${cors}` }));
  if (problem) place.append(element("p.bad", { textContent: problem }));
  const lines = id ? get(`requests/${encodeURIComponent(id)}.json`).catch(() => NOTHING) : Promise.resolve(NOTHING);
  Promise.all([exchange.create(number, request), lines]).then(([messages, { lines: found, calls }]) =>
    place.append(
      ...messages,
      ...(calls.length ? [element("h2.log", { textContent: "Calls to other services" }), block(calls.map(ended).join("\n"), "Calls to other services")] : []),
      element("h2.log", { textContent: "Log" }),
      found.length ? block(found.map(readable).join("\n"), "Log lines") : element("p.muted", { textContent: name ? "The function printed nothing, or it was discarded." : "No function was called." }),
    ),
  );
  return element("tr.detail-row", {}, place);
};

/** Describe a call to another service: GET weather  200  34 ms. */
const ended = ({ method, service, outcome, attempts, milliseconds }) =>
  [`${method} ${service}`, outcome, `${milliseconds} ms`, ...(attempts > 1 ? [`${attempts} attempts`] : [])].join("  ");

/** Format a line of JSON as name=value; leave other lines unchanged. */
const readable = (line) => {
  try {
    const fields = JSON.parse(line);
    if (typeof fields !== "object" || !fields || Array.isArray(fields)) return line;
    const { time = "", level = "", message = "", exception, ...rest } = fields;
    const others = Object.entries(rest).map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
    return [[time.slice?.(11), level, message, ...others].filter(Boolean).join("  "), exception].filter(Boolean).join("\n");
  } catch {
    return line;
  }
};

const trim = () => {
  if (known.length > 2 * MAX_ROWS) known = known.slice(-MAX_ROWS);
  const body = byId("requests");
  const rows = body.querySelectorAll("tr:not(.detail-row)");
  for (const old of [...rows].slice(MAX_ROWS)) {
    if (old.nextSibling?.classList.contains("detail-row")) old.nextSibling.remove();
    old.remove();
  }
  byId("no-request").hidden = rows.length > 0;
  byId("no-request").textContent = known.length ? "No request matches." : "No requests yet. Try a route here, or call the API from any client.";
  settle();
};

const render = () => {
  byId("requests").replaceChildren(...known.filter(matches).slice(-MAX_ROWS).reverse().map(row));
  trim();
};

const showPaused = () => {
  const waiting = known.length - countAtPause;
  byId("held").textContent = isPaused ? `Paused${waiting ? `, ${waiting} new` : ""}` : "";
};

byId("request-filter").addEventListener("input", render);
byId("request-filter").form.addEventListener("submit", (event) => event.preventDefault());
byId("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  countAtPause = known.length;
  byId("pause").setAttribute("aria-pressed", isPaused);
  byId("pause").textContent = isPaused ? "Resume" : "Pause";
  showPaused();
  if (!isPaused) render();
});
byId("clear").addEventListener("click", () => {
  known = [];
  countAtPause = 0;
  showPaused();
  render();
});
