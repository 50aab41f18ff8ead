// The form that sends an operation's request to the API, and what came back.

import { content, result } from "./answer.js";
import { encode, KINDS, pairs, typedQuery } from "./body.js";
import * as dialog from "./dialog.js";
import { block, byId, element, isNarrow, parsed } from "./dom.js";
import * as ids from "./ids.js";
import * as offers from "./offers.js";
import { examplesOf, mediaOf } from "./reference.js";
import * as schemas from "./schema.js";
import * as session from "./session.js";
import { curl, typescript } from "./snippets.js";

// A change of these gives or takes rights, so no form begins with a value for them.
const PRIVILEGES = ["role", "status"];

let account = {}; // the last email and password that the API accepted, and the secret of their registration
let current = null; // the open form: what other parts of the page tell
const etags = new Map();

/** Whether somebody has begun to fill the open form in. */
export const isDirty = () => current?.isDirty() ?? false;

let number = 0;
const field = (label, control, more) => {
  control.id = `field-${(number += 1)}`;
  control.autocomplete = "off";
  control.spellcheck = false;
  return element("div.field", {}, element("label", { for: control.id, textContent: label }), control, more ?? null);
};

/**
 * Return the body to begin with. A POST with a name creates an account, so it keeps the example's email and password;
 * all others get those of the last account. A change of a resource gets its current values once its id is chosen.
 */
const initial = (verb, body) => {
  const { refreshToken } = session.get() ?? {};
  const known = { refreshToken, ...("name" in body ? {} : account), currentPassword: account.password };
  const changes = ["PUT", "PATCH"].includes(verb);
  return Object.fromEntries(
    Object.entries(body)
      .filter(([name]) => !changes || !PRIVILEGES.includes(name))
      .map(([name, value]) => [name, known[name] ?? value]),
  );
};

const remember = (sent, { registration } = {}) => {
  if (sent?.email && sent.password) account = { email: sent.email, password: sent.password, registration };
};

/** The parameters of an operation that are inputs of the form: {name, where, required, hint, value}. */
const inputsOf = ({ verb, path, example, described }) => {
  if (described) {
    return described.parameters
      .filter((one) => ["query", "header"].includes(one.in))
      .map((one) => ({ name: one.name, where: one.in, required: one.required ?? false, hint: hintOf(one), value: valueOf(one) }));
  }
  const names = [verb === "POST" && example.headers?.["idempotency-key"] ? "Idempotency-Key" : "", ["PUT", "PATCH"].includes(verb) && path.includes("{") ? "If-Match" : ""];
  return names.filter(Boolean).map((name) => ({ name, where: "header", required: false, hint: "any", value: valueOf({ name }) }));
};

const hintOf = ({ schema, required }) => schemas.rules(schema).at(-1) ?? (required ? schemas.type(schema) : "optional");

const valueOf = ({ name }) => (name.toLowerCase() === "idempotency-key" ? crypto.randomUUID() : "");

/** Create the form of an operation. `operations` are all, to find the one that reads what this one changes. */
export const create = (operation, operations) => {
  const { verb, path, example, described } = operation;
  const parameters = [...path.matchAll(/\{(\w+)\+?\}/g)].map((found) => pathInput(found, path));
  const address = () => parameters.reduce((filled, { whole, input }) => filled.replace(whole, () => encodeURIComponent(input.value)), path);
  const prefix = (at) => parameters.slice(0, at).reduce((filled, { whole, input }) => filled.replace(whole, () => encodeURIComponent(input.value)), path.slice(0, path.indexOf(parameters[at].whole) - 1));
  const inputs = inputsOf(operation).map((one) => ({ ...one, input: element("input", { name: one.name, value: one.value, placeholder: one.hint, required: one.required }) }));
  // Without a description, the query is one text.
  const query = described ? null : element("input", { name: "query", value: example.query ?? "", placeholder: "limit=20" });
  const withBody = ["POST", "PUT", "PATCH"].includes(verb);
  const [kindOfBody, media] = mediaOf(described?.requestBody);
  const start = examplesOf(media)[0]?.value ?? example.body;
  const names = media.schema ? schemas.fields(media.schema).filter(({ depth }) => !depth).map(({ name }) => name) : Object.keys(start ?? {});
  const isObject = start && typeof start === "object" && !Array.isArray(start);
  const body = element("textarea", { name: "body", rows: 8 });
  let written = ""; // what the page put into the body, to notice what somebody has typed
  const write = (value) => {
    body.value = written = value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value, null, 2);
    body.rows = Math.min(16, Math.max(4, body.value.split("\n").length + 1));
    body.setCustomValidity("");
  };
  write(isObject ? initial(verb, start) : (start ?? (withBody && (described ? described.requestBody : true) ? {} : undefined)));
  const kind = element("select", { name: "kind" }, ...Object.keys(KINDS).map((name) => element("option", { textContent: name, selected: KINDS[name] === (kindOfBody || example.contentType) })));
  const bearer = element("input", { type: "checkbox", checked: true, id: "with-token" });
  const who = element("label.check", { for: "with-token" });
  const credentials = element("div.check", {}, bearer, who);
  const isDeletion = verb === "DELETE";
  const send = element(isDeletion ? "button.primary.danger" : "button.primary", { type: "submit", textContent: isDeletion ? "Delete…" : "Send" });
  const outcome = element("p.outcome", { role: "status" });
  const details = element("div");
  const answer = element("section", { id: "answer", "aria-label": "Response", hidden: true }, outcome, details);
  const inbox = withBody && offers.concern(names) ? offers.create(names, () => parsed(body.value), write) : null;

  const reads = ["PUT", "PATCH"].includes(verb) && parameters.length && operations.some((one) => one.verb === "GET" && one.path === path);
  const note = element("span.muted", { role: "status" });
  const load = element("button", { type: "button", textContent: "Load current values" });
  const ifMatch = inputs.find(({ name }) => name.toLowerCase() === "if-match")?.input;
  const loadCurrent = async () => {
    const target = address();
    const before = body.value;
    const response = await fetch(target, { headers: authorization(), cache: "no-store", credentials: "omit" }).catch(() => null);
    const found = parsed((await response?.text()) ?? "");
    // Another id, or somebody has begun to type.
    if (target !== address() || body.value !== before) return;
    if (!response?.ok || typeof found?.data !== "object" || !found.data) {
      note.textContent = response ? `The current values cannot be read (${response.status}).` : "No response.";
      return;
    }
    ids.learn(target, found);
    write(Object.fromEntries(names.filter((name) => name in found.data).map((name) => [name, found.data[name]])));
    if (ifMatch && response.headers.has("etag")) ifMatch.value = response.headers.get("etag");
    note.textContent = "These are the current values.";
    document.dispatchEvent(new Event("sent"));
  };
  load.addEventListener("click", () => parameters.every(({ input }) => input.reportValidity()) && loadCurrent());

  const token = () => (session.get() && bearer.checked ? session.get().token : null);
  const authorization = () => (token() ? { Authorization: `Bearer ${token()}` } : {});
  const showCredentials = () => {
    credentials.hidden = !session.get();
    who.textContent = session.get() ? `Authorization: Bearer …, as ${session.get().email}` : "";
  };
  showCredentials();

  /** What the form describes: {target, headers, type, fields, body, query}. */
  const describe = () => {
    const given = (where) => Object.fromEntries(inputs.filter((one) => one.where === where && one.input.value).map((one) => [one.name, one.input.value]));
    const parts = new URLSearchParams(given("query")).toString() || query?.value || "";
    return { target: address() + (parts ? `?${parts}` : ""), headers: given("header"), query: given("query"), type: KINDS[kind.value], text: body.value, fields: parsed(body.value) };
  };
  const hasBody = () => withBody && (body.value !== "" || kind.value !== "JSON");

  const snippet = element("div.snippet", { hidden: true });
  const copy = (label, text) => {
    const place = block(text, label);
    const copied = element("p.muted", { role: "status" });
    const close = element("button.quiet", { type: "button", textContent: "Close", onclick: () => (snippet.hidden = true) });
    snippet.replaceChildren(element("div.line", {}, element("strong", { textContent: label }), copied, close), place);
    snippet.hidden = false;
    snippet.scrollIntoView({ block: "nearest" });
    // A browser may refuse; the text can then be selected.
    navigator.clipboard.writeText(text).then(() => (copied.textContent = "Copied"), () => (copied.textContent = "Select the text to copy it"));
  };
  const asCurl = () => {
    const { target, headers, type, text, fields } = describe();
    const encoded = !hasBody() ? {} : type === KINDS["Form, multipart"] ? { body: { fields: pairs(fields) } } : type === KINDS.JSON ? { body: text } : { body: new URLSearchParams(pairs(fields)).toString() };
    const typed = encoded.body === undefined || typeof encoded.body === "object" ? {} : { "Content-Type": type };
    copy("curl", curl({ method: verb, url: location.origin + target, headers: { ...headers, ...typed }, token: token(), ...encoded }));
  };
  const asTypeScript = () => {
    const { headers, query: asked, fields } = describe();
    const given = Object.fromEntries(parameters.map(({ name, input }) => [name, input.value]));
    const header = Object.fromEntries(Object.entries(headers));
    copy("TypeScript", typescript({ method: verb, path, params: { path: given, query: typedQuery(asked, described), header }, body: hasBody() ? fields : undefined }));
  };

  const created = element(
    "form.try",
    { autocomplete: "off" },
    ...parameters.map(({ name, input, options }) => field(name, input, options)),
    query && (verb === "GET" || example.query) ? field("Query", query) : null,
    ...inputs.map(({ name, input }) => field(name, input)),
    withBody ? field("Body", body) : null,
    inbox?.place ?? null,
    reads ? element("div.actions", {}, load, note) : null,
    withBody ? field("Send as", kind) : null,
    credentials,
    element("div.actions", {}, send, element("button", { type: "button", textContent: "Copy as curl", onclick: asCurl }), element("button", { type: "button", textContent: "Copy as TypeScript", onclick: asTypeScript })),
    withBody ? element("p.muted.keys", { textContent: "Ctrl+Enter in the body sends the request." }) : null,
    snippet,
  );
  body.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) created.requestSubmit();
  });
  body.addEventListener("input", () => body.setCustomValidity(""));
  body.addEventListener("change", () => inbox?.refresh());
  for (const [at, { name, input, options }] of parameters.entries()) {
    const suggest = async () => {
      const found = await ids.suggest(prefix(at), name, ids.isUser(name) && !/^[0-9a-f-]{36}$/.test(input.value) ? input.value : "");
      options.replaceChildren(...found.map(({ id, label }) => element("option", { value: id, label, textContent: label || id })));
    };
    input.addEventListener("focus", suggest);
    input.addEventListener("input", suggest);
    input.addEventListener("change", () => {
      if (ifMatch) ifMatch.value = etags.get(address()) ?? "";
      if (reads && body.value === written && parameters.every((one) => one.input.value)) loadCurrent();
    });
    suggest();
  }

  created.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { target, headers, type, text, fields } = describe();
    const request = { method: verb, headers: { ...headers, ...authorization() }, redirect: "manual", cache: "no-store", credentials: "omit" };
    const sentToken = token();
    if (hasBody()) {
      if (type !== KINDS.JSON && (typeof fields !== "object" || !fields)) {
        body.setCustomValidity("To send a form, enter its fields as a JSON object.");
        body.reportValidity();
        return;
      }
      encode(request, type, text, fields);
    }
    if (isDeletion && !(await agreed(target, parameters, prefix, bearer.checked))) return;
    send.disabled = true;
    const started = performance.now();
    try {
      const response = await fetch(target, request);
      const received = await response.text();
      const took = performance.now() - started;
      const value = parsed(received);
      if (response.ok) {
        remember(fields, value ?? {});
        offers.learn(fields, value);
        ids.learn(address(), value);
      }
      if (response.headers.has("etag")) etags.set(address(), response.headers.get("etag"));
      session.learn(value);
      if (response.status === 401 && sentToken) session.refused(sentToken);
      outcome.replaceChildren(...result(response, took));
      details.replaceChildren(...content(response, received, value));
    } catch {
      outcome.replaceChildren(element("span.bad", { textContent: "No response. Is the runner running?" }));
      details.replaceChildren();
    } finally {
      send.disabled = answer.hidden = false;
      if (isNarrow()) answer.scrollIntoView({ block: "nearest" });
      document.dispatchEvent(new Event("sent"));
    }
  });
  current = { isDirty: () => body.value !== written || !answer.hidden, showCredentials, refreshOffers: () => inbox?.refresh() };
  inbox?.refresh();
  return [created, answer];
};

/** Create the input of a parameter in the path. It begins empty: nothing happens to a resource that nobody chose. */
const pathInput = ([whole, name]) => {
  const options = element("datalist", { id: `options-${(number += 1)}` });
  const input = element("input", { name, required: true, placeholder: ids.isUser(name) ? "Enter an id, or an email to choose from" : "Enter an id" });
  input.setAttribute("list", options.id);
  return { whole, name, input, options };
};

/** Ask before a deletion, naming what is deleted. */
const agreed = async (target, parameters, prefix, withToken) => {
  const last = parameters.at(-1);
  const label = last ? await ids.labelOf(prefix(parameters.length - 1), last.name, last.input.value) : "";
  const as = withToken && session.get() ? `The request is sent as ${session.get().email}.` : "The request is sent without a token.";
  return dialog.confirm(`Delete ${label || target}?`, [label ? `DELETE ${target}` : "", as, "This cannot be undone."], "Delete");
};

document.addEventListener("session", () => current?.showCredentials());
document.addEventListener("emails", () => byId("view-routes").hidden || current?.refreshOffers());
