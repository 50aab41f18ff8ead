/** Addresses within this application. */

/** Return the address with these parameters, without the empty ones. */
export function withQuery(path: string, query: Record<string, string | undefined>): string {
  const entries = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return entries.length ? `${path}?${new URLSearchParams(entries)}` : path;
}

/** Return the address of the page that asks for one of these proofs, and then leads to `next`. */
export function proofPage(next: string, methods: readonly string[]): string {
  return withQuery("/reauthenticate", { next, methods: methods.join(" ") });
}

/**
 * Return where to go after a sign-in, which anyone can put into a link: a path of this application, or else the account.
 * Browsers treat `//host` and `/\host` as another host, and strip tabs and newlines first.
 */
export function safeNext(next: unknown): string {
  return typeof next === "string" && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(next) ? next : "/account";
}

/** The parameters of a page. Next.js has an array for one that is given more than once. */
export type Query = Promise<Record<string, string | string[] | undefined>>;

/** Return one parameter of a page, empty if it is missing. */
export async function parameter(query: Query, name: string): Promise<string> {
  const value = (await query)[name];
  return (Array.isArray(value) ? value[0] : value) ?? "";
}
