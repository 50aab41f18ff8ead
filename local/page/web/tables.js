// The tables and their items, read-only.

import { block, byId, element, get, isNarrow, refill, rove } from "./dom.js";

let chosen = "";
const settle = rove(byId("tables"), "a");
const settleItems = rove(byId("table"), "summary");

/** Show the list of tables, and the items of the chosen one. */
export const show = async ([wanted = ""]) => {
  chosen = wanted;
  byId("view-tables").classList.toggle("opened", wanted !== "");
  if (!wanted) byId("table").replaceChildren(element("p.empty", { textContent: "Choose a table. It shows local data only, none from AWS." }));
  try {
    const tables = await get("tables.json");
    list(tables, wanted);
    const found = tables.find(({ name }) => name === wanted);
    const table = found && { ...found, key: found.key.map(({ name }) => name) };
    if (table && chosen === wanted) await items(table);
  } catch {
    byId("table").replaceChildren(element("p.empty", { textContent: "The tables cannot be read. Check the runner's terminal and try again." }));
  }
};

const list = (tables, current) => {
  refill(
    byId("tables"),
    tables.map(({ name, items: number }) => {
      const link = element("a.row.line", { href: `#tables/${encodeURIComponent(name)}` }, element("span.who", { textContent: name }), element("span.muted", { textContent: number }));
      if (name === current) link.setAttribute("aria-current", "true");
      return element("li", {}, link);
    }),
  );
  settle();
};

const items = async (table) => {
  const heading = element("h2", { textContent: table.name, tabIndex: -1 });
  const rows = element("div.items", {});
  const more = element("button.quiet.wide", { type: "button", textContent: "Show more", hidden: true });
  const refresh = element("button", { type: "button", textContent: "Refresh", onclick: () => show([table.name]) });
  let cursor = "";
  const load = async () => {
    more.disabled = true;
    const page = await get(`tables/${encodeURIComponent(table.name)}.json?${new URLSearchParams({ cursor })}`);
    rows.append(...page.items.map((item) => itemRow(table.key, item)));
    cursor = page.next ?? "";
    more.hidden = !cursor;
    more.disabled = false;
    if (!rows.children.length) rows.append(element("p.empty", { textContent: "The table is empty." }));
    settleItems();
  };
  more.addEventListener("click", () => load().catch(() => (more.disabled = false)));
  await load();
  if (chosen !== table.name) return;
  byId("table").replaceChildren(
    element("a.back", { href: "#tables", textContent: "← All tables" }),
    element("div.line", {}, heading, refresh),
    element("p.muted", { textContent: `Local data, in the table's order. Key: ${table.key.join(", ")}` }),
    rows,
    more,
  );
  settleItems();
  if (isNarrow()) heading.focus();
};

/** Create a line that opens to the whole item. */
const itemRow = (key, item) => {
  const rest = Object.entries(item).filter(([name]) => !key.includes(name));
  const brief = rest.map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join("  ");
  const row = element(
    "details",
    {},
    element("summary", {}, element("span.key", { textContent: key.map((name) => item[name]).join(" / ") }), element("span.brief.muted", { textContent: brief.slice(0, 300) })),
  );
  row.addEventListener("toggle", () => row.open && row.children.length === 1 && row.append(block(JSON.stringify(item, null, 2), "Item")));
  return row;
};
