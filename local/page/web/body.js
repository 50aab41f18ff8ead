// The body of a form: what it begins with, what was typed, and how it is encoded.

import { element, parsed } from "./dom.js";
import { examplesOf, mediaOf } from "./reference.js";
import * as schemas from "./schema.js";
import * as session from "./session.js";

export const KINDS = { JSON: "application/json", "Form, urlencoded": "application/x-www-form-urlencoded", "Form, multipart": "multipart/form-data" };

// A change of these gives or takes rights, so no form begins with a value for them.
const PRIVILEGES = ["role", "status"];

let mfaToken; // the token of the latest first step of a sign-in
let account = {}; // the last email and password that the API accepted, and the secret of their registration

/** Remember what was sent and accepted, to fill in later forms. */
export const remember = (sent, { registration } = {}) => {
  if (sent?.email && sent.password) account = { email: sent.email, password: sent.password, registration };
};

/** Remember the token of a sign-in that needs a second step. */
export const rememberFirstStep = (mfa) => {
  mfaToken = mfa?.token ?? mfaToken;
};

/**
 * Return the fields to begin with. A POST with a name creates an account, so it keeps the example's email and password;
 * all others get those of the last account. A change of a resource gets its current values once its id is chosen.
 */
const beginning = (verb, example, names) => {
  const { refreshToken } = session.get() ?? {};
  const token = names.includes("recoveryCode") ? mfaToken : undefined;
  const known = { refreshToken, token, ...("name" in example ? {} : account), currentPassword: account.password };
  const isChange = ["PUT", "PATCH"].includes(verb);
  const kept = Object.entries(example).filter(([name]) => !isChange || !PRIVILEGES.includes(name));
  return Object.fromEntries(kept.map(([name, value]) => [name, known[name] ?? value]));
};

/** Create the text area for an operation's body, and the choice of its encoding. `names` are the fields it can have. */
export const create = ({ verb, example, described }) => {
  const [type, media] = mediaOf(described?.requestBody);
  const start = examplesOf(media)[0]?.value ?? example.body;
  const names = media.schema ? schemas.fields(media.schema).filter(({ depth }) => !depth).map(({ name }) => name) : Object.keys(start ?? {});
  const isObject = start && typeof start === "object" && !Array.isArray(start);
  const takesBody = ["POST", "PUT", "PATCH"].includes(verb);
  const input = element("textarea", { name: "body" });
  const kind = element("select", { name: "kind" }, ...Object.keys(KINDS).map((name) => element("option", { textContent: name, selected: KINDS[name] === (type || example.contentType) })));
  let written = ""; // what the page itself put here
  const write = (value) => {
    input.value = written = value === undefined ? "" : JSON.stringify(value, null, 2);
    input.rows = Math.min(16, Math.max(4, input.value.split("\n").length + 1));
    input.setCustomValidity("");
  };
  write(isObject ? beginning(verb, start, names) : (start ?? (takesBody && (!described || described.requestBody) ? {} : undefined)));
  input.addEventListener("input", () => input.setCustomValidity(""));

  const read = () => ({ type: KINDS[kind.value], text: input.value, fields: parsed(input.value) });
  return {
    input,
    kind,
    names,
    takesBody,
    write,
    /** The body to send: {type, text, fields}, or null. */
    read: () => (takesBody && (input.value !== "" || kind.value !== "JSON") ? read() : null),
    fields: () => parsed(input.value),
    isTyped: () => input.value !== written,
    /** Report a body that cannot be sent as a form. Return whether the body can be sent. */
    report: () => {
      const { type: chosen, fields } = read();
      const isWrong = chosen !== KINDS.JSON && (typeof fields !== "object" || !fields);
      input.setCustomValidity(isWrong ? "To send a form, enter its fields as a JSON object." : "");
      return input.reportValidity();
    },
  };
};

/** The fields of a form: each value as a text. */
export const pairs = (fields) => Object.entries(fields ?? {}).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);

/** Set the request's body in the chosen encoding. */
export const encode = (request, { type, text, fields }) => {
  if (type === KINDS.JSON) {
    request.headers["Content-Type"] = type;
    request.body = text;
    return;
  }
  // For forms the browser sets the Content-Type itself, with the boundary.
  const values = type === KINDS["Form, multipart"] ? new FormData() : new URLSearchParams();
  for (const [name, value] of pairs(fields)) values.append(name, value);
  request.body = values;
};
