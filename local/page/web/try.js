// The form that sends an operation's request to the API, and what came back.

import { content, result } from "./answer.js";
import * as bodies from "./body.js";
import * as copy from "./copy.js";
import * as dialog from "./dialog.js";
import { byId, element, field, parsed } from "./dom.js";
import * as ids from "./ids.js";
import * as offers from "./offers.js";
import * as parameters from "./parameters.js";
import * as session from "./session.js";

const etags = new Map(); // by path
let current = null; // what the rest of the page calls on the open form

/** Whether somebody has begun to use the open form. */
export const isDirty = () => current?.isDirty() ?? false;

/** Create the form of an operation. `operations` are all, to find the one that reads what this one changes. */
export const create = (operation, operations) => {
  const { verb, path } = operation;
  const inPath = parameters.inPath(path, () => choose());
  const others = parameters.others(operation);
  const body = bodies.create(operation);
  const sender = credentials();
  // A version that is out of date hinders a change, as it should; nobody expects that of a GET.
  const ifMatch = verb === "GET" ? null : others.input("if-match");
  const inbox = body.takesBody && offers.apply(body.names) ? offers.create(body.names, body.fields, body.write) : null;
  const isReadable = operations.some((one) => one.verb === "GET" && one.path === path);
  const loader = ["PUT", "PATCH"].includes(verb) && path.includes("{") && isReadable ? currentValues(inPath, body, ifMatch, sender) : null;
  const answer = answerPlace();

  const choose = () => {
    if (ifMatch) ifMatch.value = etags.get(inPath.address()) ?? "";
    if (inPath.isComplete() && !body.isTyped()) loader?.load();
  };
  const copies = copy.create(() => ({
    verb,
    path,
    target: inPath.address() + others.search(),
    token: sender.token(),
    values: inPath.values(),
    query: others.query(),
    headers: others.headers(),
    body: body.read(),
  }));
  const isDeletion = verb === "DELETE";
  const button = element(isDeletion ? "button.primary.danger" : "button.primary", { type: "submit", textContent: isDeletion ? "Delete…" : "Send" });
  const form = element(
    "form.try",
    { autocomplete: "off" },
    ...inPath.fields,
    ...others.fields,
    body.takesBody ? field("Body", body.input) : null,
    inbox?.place ?? null,
    loader?.place ?? null,
    body.takesBody ? field("Send as", body.kind) : null,
    sender.place,
    element("div.actions", {}, button, ...copies.buttons),
    body.takesBody ? element("p.muted.keys", { textContent: "Ctrl+Enter in the body sends the request." }) : null,
    copies.place,
  );
  body.input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  body.input.addEventListener("change", () => inbox?.refresh());

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const address = inPath.address();
    const token = sender.token();
    const sent = body.read();
    const request = { method: verb, headers: { ...others.headers(), ...sender.header() }, redirect: "manual", cache: "no-store", credentials: "omit" };
    if (sent && !body.report()) return;
    if (sent) bodies.encode(request, sent);
    if (isDeletion && !(await agreed(address, await inPath.label(), token))) return;
    button.disabled = copies.place.hidden = true;
    try {
      const started = performance.now();
      const response = await fetch(address + others.search(), request);
      const text = await response.text();
      answer.show(response, text, performance.now() - started);
      learn(address, sent?.fields, response, parsed(text));
      if (response.status === 401 && token) session.refused(token);
    } catch {
      answer.fail();
    }
    button.disabled = false;
    document.dispatchEvent(new Event("sent"));
  });
  current = { isDirty: () => body.isTyped() || answer.isShown(), refreshSender: sender.refresh, refreshOffers: () => inbox?.refresh() };
  inbox?.refresh();
  return [form, answer.place];
};

/** Remember what later forms can use. */
const learn = (address, sent, response, body) => {
  if (response.headers.has("etag")) etags.set(address, response.headers.get("etag"));
  bodies.rememberFirstStep(body?.mfa);
  offers.learn(sent, body, response.ok);
  if (response.ok) {
    bodies.remember(sent, body ?? {});
    ids.learn(address, body);
  }
  session.learn(body);
};

/** Create the choice to send the token of the current user. */
const credentials = () => {
  const choice = element("input", { type: "checkbox", checked: true, id: "with-token" });
  const who = element("label.check", { for: "with-token" });
  const place = element("div.check", {}, choice, who);
  const token = () => (choice.checked ? (session.get()?.token ?? null) : null);
  const refresh = () => {
    place.hidden = !session.get();
    who.textContent = session.get() ? `Authorization: Bearer …, as ${session.get().email}` : "";
  };
  refresh();
  return { place, token, refresh, header: () => (token() ? { Authorization: `Bearer ${token()}` } : {}) };
};

/** Create the button that puts the current values of the chosen resource into the body. */
const currentValues = (inPath, body, ifMatch, sender) => {
  const note = element("span.muted", { role: "status" });
  const load = async () => {
    const address = inPath.address();
    const before = body.input.value;
    const response = await fetch(address, { headers: sender.header(), cache: "no-store", credentials: "omit" }).catch(() => null);
    const found = parsed((await response?.text()) ?? "");
    document.dispatchEvent(new Event("sent"));
    // Another id was chosen, or somebody has begun to type.
    if (address !== inPath.address() || body.input.value !== before) return;
    if (!response?.ok || typeof found?.data !== "object" || !found.data) {
      note.textContent = response ? `The current values cannot be read (${response.status}).` : "No response.";
      return;
    }
    ids.learn(address, found);
    body.write(Object.fromEntries(body.names.filter((name) => name in found.data).map((name) => [name, found.data[name]])));
    if (ifMatch && response.headers.has("etag")) ifMatch.value = response.headers.get("etag");
    note.textContent = "These are the current values.";
  };
  const button = element("button", { type: "button", textContent: "Load current values", onclick: () => inPath.report() && load() });
  return { load, place: element("div.actions", {}, button, note) };
};

/** Create the place for the response. */
const answerPlace = () => {
  const outcome = element("p.outcome", { role: "status" });
  const details = element("div");
  const place = element("section", { id: "answer", "aria-label": "Response", hidden: true }, outcome, details);
  const fill = (about, more) => {
    outcome.replaceChildren(...about);
    details.replaceChildren(...more);
    place.hidden = false;
    place.scrollIntoView({ block: "nearest" });
  };
  return {
    place,
    isShown: () => !place.hidden,
    show: (response, text, took) => fill(result(response, took), content(response, text, parsed(text))),
    fail: () => fill([element("span.bad", { textContent: "No response. Is the runner running?" })], []),
  };
};

/** Ask before a deletion, naming what is deleted. */
const agreed = (address, label, token) => {
  const as = token ? `The request is sent as ${session.get().email}.` : "The request is sent without a token.";
  return dialog.confirm(`Delete ${label || address}?`, [label ? `DELETE ${address}` : "", as, "This cannot be undone."], "Delete");
};

document.addEventListener("session", () => current?.refreshSender());
for (const news of ["emails", "codes"]) document.addEventListener(news, () => byId("view-routes").hidden || current?.refreshOffers());
