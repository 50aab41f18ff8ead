// One item of a table: its attributes with their types, and DynamoDB's JSON to change it.

import * as dialog from "./dialog.js";
import { change, element, get } from "./dom.js";

const TYPES = { S: "text", N: "number", B: "bytes", BOOL: "boolean", NULL: "null", M: "map", L: "list", SS: "set of texts", NS: "set of numbers", BS: "set of bytes" };

/** Convert a value of DynamoDB's JSON to what is easy to read. Numbers stay texts, so that they are exact. */
const plain = (value) => {
  const [[kind, content]] = Object.entries(value);
  if (kind === "M") return Object.fromEntries(Object.entries(content).map(([name, one]) => [name, plain(one)]));
  if (kind === "L") return content.map(plain);
  return kind === "NULL" ? null : content;
};

const text = (value) => {
  const shown = plain(value);
  return typeof shown === "string" ? shown : JSON.stringify(shown, null, 2);
};

/** Open the item with this key (in DynamoDB's JSON). `reload` is called after a change. */
export const open = async (table, key, reload) => {
  const url = `tables/${encodeURIComponent(table.name)}/item.json`;
  const name = Object.values(key).map((value) => Object.values(value)[0]).join(" / ");
  const place = element("div.item", {});
  const note = element("p.bad", { role: "alert" });
  const box = dialog.open(name, element("p.muted", { textContent: `${table.name}, key ${table.key.map((part) => part.name).join(" and ")}` }), place, note);
  const attempt = async (action) => {
    note.textContent = "";
    try {
      await action();
      box.close();
      await reload();
    } catch (problem) {
      note.textContent = problem.message;
    }
  };
  const load = async () => {
    note.textContent = "";
    try {
      view(await get(`${url}?${new URLSearchParams({ key: JSON.stringify(key) })}`));
    } catch {
      place.replaceChildren(element("p", { textContent: "There is no such item any more." }));
    }
  };

  const view = (item) => {
    const names = [...table.key.map((part) => part.name), ...Object.keys(item).filter((one) => !(one in key)).sort()];
    const rows = names.map((one) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, element("code", { textContent: one }), element("span.muted", { textContent: TYPES[Object.keys(item[one])[0]] })),
        element("td", {}, element("div.value", { textContent: text(item[one]) })),
      ),
    );
    const remove = async () => {
      const agreed = await dialog.confirm(`Delete the item ${name}?`, [`It is deleted from ${table.name} in the local data. This cannot be undone.`], "Delete");
      if (agreed) await attempt(() => change("DELETE", url, { before: item }));
    };
    place.replaceChildren(
      element("div.scroll", { tabIndex: 0, role: "region", "aria-label": "Attributes" }, element("table.fields", {}, element("tbody", {}, ...rows))),
      element("div.actions", {}, element("button", { type: "button", textContent: "Edit as JSON", onclick: () => edit(item) }), element("button.danger", { type: "button", textContent: "Delete…", onclick: remove })),
    );
  };

  const edit = (item) => {
    const input = element("textarea", { id: "item-json", rows: 18, spellcheck: false, value: JSON.stringify(item, null, 2) });
    const save = () => {
      let after;
      try {
        after = JSON.parse(input.value);
      } catch (problem) {
        note.textContent = `This is not JSON: ${problem.message}`;
        return;
      }
      attempt(() => change("PUT", url, { before: item, after }));
    };
    place.replaceChildren(
      element("label", { for: "item-json", textContent: "The item in DynamoDB's JSON: numbers are exact texts, bytes are base64." }),
      input,
      element("div.actions", {}, element("button.primary", { type: "button", textContent: "Save", onclick: save }), element("button", { type: "button", textContent: "Cancel", onclick: load })),
    );
    input.setSelectionRange(0, 0);
    input.focus();
  };

  await load();
};
