// The operations of the API: the list, and for each its reference and a form to try it.

import { byId, element, get, isNarrow, prose, refill, rove } from "./dom.js";
import * as openapi from "./openapi.js";
import * as reference from "./reference.js";
import * as trial from "./try.js";

const VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

let operations = []; // {verb, path, function, example, described, tag}
let chosen = ""; // "GET /api/users"

const settle = rove(byId("routes"), "a");
const key = ({ verb, path }) => `${verb} ${path}`;

/** Refresh the list, and show an operation such as "GET /api/users", unless it is already open. */
export const show = async ([wanted = ""]) => {
  chosen = wanted;
  byId("view-routes").classList.toggle("opened", wanted !== "");
  let changed;
  try {
    changed = await openapi.load();
    operations = (await get("routes.json")).flatMap(verbsOf);
  } catch {
    return;
  }
  if (wanted !== chosen) return;
  list();
  const operation = operations.find((one) => key(one) === wanted);
  const shown = byId("route").firstElementChild?.dataset.of;
  if (!operation) byId("route").replaceChildren(...overview());
  // A document that has changed replaces an open form, though not one that somebody has begun to fill in.
  else if (shown !== wanted || (changed && !trial.isDirty())) open(operation);
};

const verbsOf = ({ path, methods, function: name, examples }) => {
  const described = openapi.verbs(path);
  const known = [...new Set([...described, ...Object.keys(examples)])];
  const verbs = known.length ? VERBS.filter((verb) => known.includes(verb)) : methods.includes("ANY") ? VERBS : methods;
  return verbs.map((verb) => {
    const operation = openapi.operation(verb, path);
    return { verb, path, function: name, example: examples[verb] ?? {}, described: operation, tag: operation?.tags?.[0] ?? "" };
  });
};

const matches = ({ verb, path, described, tag }) => {
  const text = `${verb} ${path} ${described?.summary ?? ""} ${tag} ${described ? openapi.callers(path, described).map(([name]) => name).join(" ") : ""}`.toLowerCase();
  return byId("route-filter").value.toLowerCase().split(/\s+/).every((word) => text.includes(word));
};

const list = () => {
  const found = operations.filter(matches);
  const tags = openapi.order([...new Set(found.map(({ tag }) => tag))]);
  refill(byId("routes"), tags.map((tag) => group(tag, found.filter((one) => one.tag === tag))));
  byId("no-route").hidden = found.length > 0;
  byId("no-route").textContent = operations.length ? "No operation matches." : "The template has no routes.";
  settle();
};

const group = (tag, members) => {
  const id = `tag-${tag}`;
  const name = tag || (openapi.missing() ? "Routes" : "Not in the document");
  return element("li.group", {}, element("h2", { id, textContent: name }), element("ul", { "aria-labelledby": id }, ...members.map(row)));
};

const row = (operation) => {
  const { verb, path, described } = operation;
  const link = element(
    "a.row.operation",
    { href: `#routes/${encodeURIComponent(key(operation))}` },
    element(`span.method.${verb.toLowerCase()}`, { textContent: verb }),
    element("span.path", { textContent: path }),
    described?.summary ? element("span.what", { textContent: described.summary }) : null,
  );
  if (key(operation) === chosen) link.setAttribute("aria-current", "true");
  return element("li", {}, link);
};

const notice = (text) => element("p.notice", { textContent: text });

const overview = () => {
  const about = openapi.about();
  return [
    about ? element("h2", { textContent: `${about.title} ${about.version}` }) : null,
    ...prose(about?.description ?? ""),
    openapi.missing() ? notice(openapi.missing()) : null,
    element("p.muted", { textContent: "Choose an operation to read about it and to try it. Sign in above, and requests carry the token." }),
  ].filter(Boolean);
};

/** On a phone, and for the keyboard: the reference may be long. */
const skip = () => element("button.skip", { type: "button", textContent: "Go to the form", onclick: () => byId("route").querySelector(".workbench :is(input, textarea, button)").focus() });

const open = (operation) => {
  const { verb, path, described } = operation;
  const heading = element("h2", { tabIndex: -1 }, element(`span.method.${verb.toLowerCase()}`, { textContent: verb }), " ", element("span.path", { textContent: path }));
  const back = element("a.back", { href: "#routes", textContent: "← All routes" });
  back.dataset.of = key(operation);
  const missing = openapi.missing() || (described ? "" : "The document does not describe this operation, so only the form is here. `make sync` adds what its handler declares.");
  byId("route").replaceChildren(
    back,
    heading,
    reference.introduction(path, described, operation.function),
    described ? skip() : "",
    ...(missing ? [element("div.notice", {}, ...prose(missing))] : []),
    element(
      "div.columns",
      {},
      described ? element("section.reference", { "aria-label": "Reference" }, ...reference.parts(described).filter(Boolean)) : "",
      element("section.workbench", { "aria-label": "Try it" }, element("h3", { textContent: "Try it" }), ...trial.create(operation, operations)),
    ),
  );
  byId("route").scrollTop = 0;
  if (isNarrow()) heading.focus();
};

byId("route-filter").addEventListener("input", list);
byId("route-filter").form.addEventListener("submit", (event) => event.preventDefault());
