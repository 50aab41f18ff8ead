// The inputs of a form for the parameters of its operation: in the path, in the query and in headers.

import { element, field } from "./dom.js";
import * as ids from "./ids.js";
import * as schemas from "./schema.js";

let lists = 0;

/**
 * Create the inputs of the parameters in a path. They begin empty: nothing happens to a resource that nobody chose.
 * `onChoice` is called when a value has been entered.
 */
export const inPath = (path, onChoice) => {
  const all = [...path.matchAll(/\{(\w+)\+?\}/g)].map(([whole, name]) => {
    const options = element("datalist", { id: `options-${(lists += 1)}` });
    const input = element("input", { name, required: true, placeholder: ids.isUser(name) ? "Enter an id, or an email to choose from" : "Enter an id" });
    input.setAttribute("list", options.id);
    return { whole, name, input, options };
  });
  const filled = (text) => all.reduce((known, { whole, input }) => known.replace(whole, () => encodeURIComponent(input.value)), text);
  /** The path above a parameter, where its values are listed. */
  const above = ({ whole }) => filled(path.slice(0, path.indexOf(whole) - 1));

  for (const one of all) {
    const { name, input, options } = one;
    const suggest = async () => {
      const found = await ids.suggest(above(one), name, ids.isUser(name) && !ids.isWhole(input.value) ? input.value : "");
      options.replaceChildren(...found.map(({ id, label }) => element("option", { value: id, label, textContent: label || id })));
    };
    input.addEventListener("focus", suggest);
    input.addEventListener("input", suggest);
    input.addEventListener("change", onChoice);
    suggest();
  }
  return {
    fields: all.map(({ name, input, options }) => field(name, input, options)),
    address: () => filled(path),
    values: () => Object.fromEntries(all.map(({ name, input }) => [name, input.value])),
    isComplete: () => all.every(({ input }) => input.value),
    report: () => all.every(({ input }) => input.reportValidity()),
    /** What the last parameter names, such as the address of a user; or empty. */
    label: async () => (all.length ? ids.labelOf(above(all.at(-1)), all.at(-1).name, all.at(-1).input.value) : ""),
  };
};

/** Create the inputs of the parameters in query and headers. Without a description, the query is one text. */
export const others = ({ verb, path, example, described }) => {
  const isChange = ["PUT", "PATCH"].includes(verb) && path.includes("{");
  const assumed = [
    verb === "GET" || example.query ? { name: "Query", in: "query", isWhole: true } : null,
    verb === "POST" && example.headers?.["idempotency-key"] ? { name: "Idempotency-Key", in: "header" } : null,
    isChange ? { name: "If-Match", in: "header" } : null,
  ].filter(Boolean);
  const all = (described?.parameters ?? assumed)
    .filter((one) => ["query", "header"].includes(one.in))
    .map((one) => ({ ...one, input: element("input", { name: one.name, required: one.required ?? false, placeholder: hint(one), value: one.isWhole ? (example.query ?? "") : beginning(one) }) }));
  const given = (where) => Object.fromEntries(all.filter((one) => one.in === where && !one.isWhole && one.input.value).map((one) => [one.name, one.input.value]));
  return {
    fields: all.map(({ name, input }) => field(name, input)),
    headers: () => given("header"),
    query: () => typed(given("query"), described),
    search: () => {
      const search = all.find((one) => one.isWhole)?.input.value ?? new URLSearchParams(given("query")).toString();
      return search ? `?${search}` : "";
    },
    input: (wanted) => all.find(({ name }) => name.toLowerCase() === wanted)?.input,
  };
};

const hint = ({ schema, required, isWhole }) => (isWhole ? "limit=20" : (schemas.rules(schema).at(-1) ?? (required ? schemas.type(schema) : "optional")));

const beginning = ({ name }) => (name.toLowerCase() === "idempotency-key" ? crypto.randomUUID() : "");

/** Query values with the types that the document gives them. */
const typed = (query, described) => {
  const kinds = Object.fromEntries((described?.parameters ?? []).map((one) => [one.name, schemas.simplified(one.schema).type]));
  const isNumber = (name, value) => ["integer", "number"].includes(kinds[name]) && value.trim() !== "" && Number.isFinite(Number(value));
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [name, isNumber(name, value) ? Number(value) : value]));
};
