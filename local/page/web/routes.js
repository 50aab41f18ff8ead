// The routes, each with a form that sends a request to the API. The project's events fill in the forms.

import { block, byId, element, get, isNarrow, refill, rove, tabs } from "./dom.js";
import * as session from "./session.js";

const VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const KINDS = { JSON: "application/json", "Form, urlencoded": "application/x-www-form-urlencoded", "Form, multipart": "multipart/form-data" };
const MAX_SHOWN = 200_000; // characters of a response's body

let operations = []; // {verb, path, function, example}
let chosen = ""; // "GET /api/users"
let showCredentials = () => {};
let account = {}; // the last email and password that the API accepted, and the secret of their registration
const etags = new Map();

const settle = rove(byId("routes"), "a");
const key = ({ verb, path }) => `${verb} ${path}`;

/** Refresh the list, and show the form of an operation such as "GET /api/users", unless it is already open. */
export const show = async ([wanted = ""]) => {
  chosen = wanted;
  byId("view-routes").classList.toggle("opened", wanted !== "");
  try {
    operations = (await get("routes.json")).flatMap(verbsOf);
  } catch {
    return;
  }
  if (wanted !== chosen) return;
  list(wanted);
  const operation = operations.find((one) => key(one) === wanted);
  if (!operation) {
    byId("route").replaceChildren(element("p.empty", { textContent: "Choose a route to try it. After a sign-in here, further requests carry its token." }));
  } else if (byId("route").firstElementChild?.dataset.of !== wanted) {
    form(operation);
  }
};

const verbsOf = ({ path, methods, function: name, examples }) => {
  const known = Object.keys(examples);
  const verbs = known.length ? VERBS.filter((verb) => known.includes(verb)) : methods.includes("ANY") ? VERBS : methods;
  return verbs.map((verb) => ({ verb, path, function: name, example: examples[verb] ?? {} }));
};

const list = (current) => {
  refill(
    byId("routes"),
    operations.map((operation) => {
      const link = element(
        "a.row.operation",
        { href: `#routes/${encodeURIComponent(key(operation))}` },
        element(`span.method.${operation.verb.toLowerCase()}`, { textContent: operation.verb }),
        element("span.path", { textContent: operation.path }),
      );
      if (key(operation) === current) link.setAttribute("aria-current", "true");
      return element("li", {}, link);
    }),
  );
  settle();
};

let ids = 0;
const field = (label, control) => {
  control.id = `field-${(ids += 1)}`;
  control.autocomplete = "off";
  control.spellcheck = false;
  return element("div.field", {}, element("label", { for: control.id, textContent: label }), control);
};

/**
 * Fill known values into the example's body. A body with a name creates an account, so it keeps the example's email and
 * password; all others get those of the last account.
 */
const filled = (body) => {
  const { refreshToken } = session.get() ?? {};
  const known = { refreshToken, ...("name" in body ? {} : account), currentPassword: account.password };
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, known[name] ?? value]));
};

const remember = (sent, { registration } = {}) => {
  if (sent?.email && sent.password) account = { email: sent.email, password: sent.password, registration };
};

const form = (operation) => {
  const { verb, path, example } = operation;
  const parameters = [...path.matchAll(/\{(\w+)\+?\}/g)].map(([whole, name]) => {
    const input = element("input", { name, required: true, value: session.get()?.claims[name] ?? "" });
    return { whole, name, input };
  });
  const address = () => parameters.reduce((filledPath, { whole, input }) => filledPath.replace(whole, encodeURIComponent(input.value)), path);
  const query = element("input", { name: "query", value: example.query ?? "", placeholder: "limit=20" });
  const headers = {};
  if (verb === "POST" && example.headers?.["idempotency-key"]) headers["Idempotency-Key"] = element("input", { value: crypto.randomUUID() });
  if (["PUT", "PATCH"].includes(verb) && parameters.length) headers["If-Match"] = element("input", { value: etags.get(address()) ?? "", placeholder: "any" });
  const withBody = ["POST", "PUT", "PATCH"].includes(verb);
  const body = element("textarea", { name: "body", rows: 8, value: example.body ? JSON.stringify(filled(example.body), null, 2) : withBody ? "{}" : "" });
  body.rows = Math.min(16, Math.max(4, body.value.split("\n").length + 1));
  const kind = element("select", { name: "kind" }, ...Object.keys(KINDS).map((name) => element("option", { textContent: name, selected: KINDS[name] === example.contentType })));
  const bearer = element("input", { type: "checkbox", checked: true, id: "with-token" });
  const who = element("label.check", { for: "with-token" });
  const credentials = element("div.check", {}, bearer, who);
  const send = element("button.primary", { type: "submit", textContent: "Send" });
  const outcome = element("p.outcome", { role: "status" });
  const details = element("div");
  const answer = element("section", { id: "answer", "aria-label": "Response", hidden: true }, outcome, details);
  const heading = element("h2", { tabIndex: -1 }, element(`span.method.${verb.toLowerCase()}`, { textContent: verb }), " ", element("span.path", { textContent: path }));

  showCredentials = () => {
    credentials.hidden = !session.get();
    who.textContent = session.get() ? `Authorization: Bearer …, as ${session.get().email}` : "";
  };
  showCredentials();

  const created = element(
    "form.try",
    { autocomplete: "off" },
    ...parameters.map(({ name, input }) => field(name, input)),
    verb === "GET" || example.query ? field("Query", query) : null,
    ...Object.entries(headers).map(([name, input]) => field(name, input)),
    withBody ? field("Body", body) : null,
    withBody ? field("Send as", kind) : null,
    credentials,
    element("p.actions", {}, send, withBody ? element("span.muted.keys", { textContent: "Ctrl+Enter in the body sends the request" }) : null),
  );
  body.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) created.requestSubmit();
  });
  body.addEventListener("input", () => body.setCustomValidity(""));
  created.addEventListener("submit", async (event) => {
    event.preventDefault();
    const request = { method: verb, headers: {}, redirect: "manual", cache: "no-store", credentials: "omit" };
    const token = session.get() && bearer.checked ? session.get().token : null;
    if (token) request.headers.Authorization = `Bearer ${token}`;
    for (const [name, input] of Object.entries(headers)) if (input.value) request.headers[name] = input.value;
    const fields = parsed(body.value);
    if (withBody) {
      const type = KINDS[kind.value];
      if (type !== KINDS.JSON && (typeof fields !== "object" || !fields)) {
        body.setCustomValidity("To send a form, enter its fields as a JSON object.");
        body.reportValidity();
        return;
      }
      encode(request, type, body.value, fields);
    }
    const target = address() + (query.value ? `?${query.value}` : "");
    send.disabled = true;
    const started = performance.now();
    try {
      const response = await fetch(target, request);
      const text = await response.text();
      const took = performance.now() - started;
      if (response.ok) remember(fields, parsed(text) ?? {});
      if (response.headers.has("etag")) etags.set(address(), response.headers.get("etag"));
      session.learn(parsed(text));
      if (response.status === 401 && token) session.refused(token);
      outcome.replaceChildren(...result(response, took));
      details.replaceChildren(...content(response, text));
    } catch {
      outcome.replaceChildren(element("span.bad", { textContent: "No response. Is the runner running?" }));
      details.replaceChildren();
    } finally {
      send.disabled = answer.hidden = false;
      if (isNarrow()) answer.scrollIntoView({ block: "nearest" });
      document.dispatchEvent(new Event("sent"));
    }
  });
  const back = element("a.back", { href: "#routes", textContent: "← All routes" });
  back.dataset.of = key(operation);
  byId("route").replaceChildren(
    back,
    heading,
    element("p.muted", { textContent: operation.function }),
    created,
    answer,
  );
  if (isNarrow()) heading.focus();
};

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Set the request's body in the chosen encoding. */
const encode = (request, type, text, fields) => {
  if (type === KINDS.JSON) {
    request.headers["Content-Type"] = type;
    request.body = text;
    return;
  }
  // For forms the browser sets the Content-Type itself, with the boundary.
  const values = type === KINDS["Form, multipart"] ? new FormData() : new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) values.append(name, typeof value === "string" ? value : JSON.stringify(value));
  request.body = values;
};

const result = (response, took) => {
  const grade = response.status >= 500 ? "bad" : response.status >= 400 ? "poor" : "good";
  // Browsers hide the status of a redirect from scripts.
  const status = response.type === "opaqueredirect" ? "A redirect" : `${response.status} ${response.statusText}`;
  return [element(`strong.status.${grade}`, { textContent: status }), element("span.muted", { textContent: ` in ${Math.round(took)} ms` })];
};

const content = (response, text) => {
  const body = parsed(text);
  const pretty = body === undefined ? text : JSON.stringify(body, null, 2);
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  const panels = {
    Body: () => (text ? block(pretty.slice(0, MAX_SHOWN), "Body") : element("p.muted", { textContent: "No body." })),
    Headers: () => block(headers, "Headers"),
  };
  return tabs("View the response's", panels, "Body", () => {});
};

document.addEventListener("session", () => showCredentials());
