// The project's OpenAPI document, read again when it has changed. Its texts are untrusted, as all others.

import { get } from "./dom.js";

let version = "";
let content = null;
let problem = "";

/** Read the document if it has changed. Returns whether it has. */
export const load = async () => {
  const news = await get(`document.json?${new URLSearchParams({ version })}`);
  problem = news.problem;
  if (news.version === version) return false;
  version = news.version;
  content = news.document;
  return true;
};

/** Why there is no document, or empty. */
export const missing = () => problem;

/** {title, version, description} of the API, or null. */
export const about = () => content?.info ?? null;

/** Follow references inside the document, such as #/components/schemas/User. Returns an empty object if it leads nowhere. */
export const resolve = (node) => {
  for (let hops = 0; typeof node?.$ref === "string"; hops += 1) {
    if (hops > 20 || !node.$ref.startsWith("#/")) return {};
    const path = node.$ref.slice(2).split("/").map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"));
    node = path.reduce((at, name) => (at && Object.hasOwn(at, name) ? at[name] : undefined), content);
  }
  return node && typeof node === "object" ? node : {};
};

/** The description of an operation, with the parameters of its path; or null. */
export const operation = (verb, path) => {
  const item = resolve(content?.paths?.[path]);
  const found = item[verb.toLowerCase()];
  if (!found || typeof found !== "object") return null;
  const parameters = [...(item.parameters ?? []), ...(found.parameters ?? [])].map(resolve);
  return { ...found, security: found.security ?? content.security ?? [], parameters, requestBody: found.requestBody && resolve(found.requestBody) };
};

/** The verbs that the document has for a path. */
export const verbs = (path) => Object.keys(resolve(content?.paths?.[path])).map((verb) => verb.toUpperCase());

/** The tags in the document's order, those that it does not list last. */
export const order = (tags) => {
  const listed = (content?.tags ?? []).map(({ name }) => name);
  return [...listed.filter((tag) => tags.includes(tag)), ...tags.filter((tag) => !listed.includes(tag))];
};

/** The responses of an operation: {status, description, headers, content, codes}, sorted by status. */
export const responses = (described) =>
  Object.entries(described.responses ?? {})
    .map(([status, response]) => ({ status, ...resolve(response) }))
    .map((response) => ({ ...response, codes: codes(response) }))
    .sort((a, b) => a.status.localeCompare(b.status));

/** The error codes of a response with their messages: {code, message}. Both come from the schema and the examples. */
const codes = ({ content: kinds }) => {
  const media = kinds?.["application/json"] ?? {};
  const examples = [media.example, ...Object.values(media.examples ?? {}).map((one) => resolve(one).value)].filter((one) => one?.success === false);
  const messages = Object.fromEntries(examples.map(({ code, message }) => [code, message]));
  const listed = enumOfCode(media.schema, 0);
  return [...new Set([...listed, ...Object.keys(messages)])].map((code) => ({ code, message: messages[code] ?? "" }));
};

const enumOfCode = (schema, depth) => {
  if (depth > 8) return [];
  const { properties, allOf = [], anyOf = [], oneOf = [] } = resolve(schema);
  const code = resolve(properties?.code);
  return [...(code.enum ?? (code.const ? [code.const] : [])), ...[...allOf, ...anyOf, ...oneOf].flatMap((part) => enumOfCode(part, depth + 1))];
};

/** Who may call: a short name, and a sentence. */
export const callers = (path, described) => {
  const scheme = described.security.some((one) => Object.keys(one).length);
  const denied = responses(described).filter(({ status }) => status === "403");
  const has = (code) => denied.some(({ codes: all }) => all.some((one) => one.code === code));
  if (!scheme) return [["anyone", "No token is needed."]];
  const found = has("forbidden")
    ? path.includes("{")
      ? [["signed in, if allowed", "It depends on the caller and on what the path names: others get 403 forbidden."]]
      : [["administrators", "Other roles get 403 forbidden."]]
    : [["signed in", "An access token is needed."]];
  if (has("reauthentication_required")) found.push(["fresh", "The session must have proved its user lately, or the answer is 403 reauthentication_required."]);
  return found;
};
