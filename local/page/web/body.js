// The encodings of a request: bodies as JSON or as a form, and the query.

import * as schemas from "./schema.js";

export const KINDS = { JSON: "application/json", "Form, urlencoded": "application/x-www-form-urlencoded", "Form, multipart": "multipart/form-data" };

/** The fields of a form: each value as a text. */
export const pairs = (fields) => Object.entries(fields ?? {}).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);

/** Set the request's body in the chosen encoding. */
export const encode = (request, type, text, fields) => {
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

/** Query values with the types that the document gives them. */
export const typedQuery = (query, described) => {
  const kinds = Object.fromEntries((described?.parameters ?? []).map((one) => [one.name, schemas.simplified(one.schema).type]));
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [name, ["integer", "number"].includes(kinds[name]) && value.trim() !== "" && Number.isFinite(Number(value)) ? Number(value) : value]));
};
