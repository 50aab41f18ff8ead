// The ids that the forms suggest: those seen in responses of the API, and the users of the local data.

import * as users from "./users.js";

const seen = new Map(); // path of the listing → Map of id → what names it

const nameOf = (one) => one.email ?? one.name ?? one.title ?? one.subject ?? "";

/** Remember the ids in a response of this path, without its query. */
export const learn = (path, body) => {
  const data = body?.data;
  const listing = Array.isArray(data) ? path : path.slice(0, path.lastIndexOf("/"));
  for (const one of Array.isArray(data) ? data : [data]) {
    if (typeof one?.id !== "string") continue;
    // What a POST to a listing created has its id there; what a GET of one item returns has the id at the end.
    const at = !Array.isArray(data) && !path.endsWith(`/${encodeURIComponent(one.id)}`) ? path : listing;
    if (!seen.has(at)) seen.set(at, new Map());
    seen.get(at).set(one.id, nameOf(one));
  }
};

/** Whether a text is a whole id, not the beginning of an address to look for. */
export const isWhole = (text) => /^[0-9a-f-]{36}$/.test(text);

export const isUser = (name) => /^user_?id$/i.test(name);

/** Suggest values for a parameter below this path: {id, label}. */
export const suggest = async (path, name, text = "") => {
  const found = new Map(seen.get(path) ?? []);
  if (isUser(name)) {
    const { users: all } = await users.find(text).catch(() => ({ users: [] }));
    for (const { id, email, role } of all) found.set(id, role === "user" ? email : `${email} (${role})`);
  }
  return [...found].map(([id, label]) => ({ id, label }));
};

/** What an id names, such as the address of a user; or empty. */
export const labelOf = async (path, name, id) => (await suggest(path, name, id)).find((one) => one.id === id)?.label ?? "";
