/**
 * Sessions in cookies, for the server of a front end.
 *
 * The access token that a refresh returns must not be used before the browser has sent it back. Using it tells the API that
 * the response arrived. If the browser never got the cookies, its next refresh would send a refresh token that was replaced
 * and whose successor was used; the API takes that for theft and ends the session. So a client with a cookie store never
 * refreshes, a request in hand keeps the access token that came with it, and `refreshIfNeeded` refreshes early.
 */
import { createClient, type ClientOptions } from "./client.js";
import { hasEnded, sessionOf } from "./session.js";
import { isSession, type SessionStore, type Stored } from "./stores.js";

/** How a cookie is set. `maxAge` is in seconds. */
export interface CookieAttributes {
  httpOnly: true;
  secure: boolean;
  sameSite: "lax";
  path: "/";
  maxAge: number;
}

/** The cookies of a request, and those to set in its response. An empty value with `maxAge: 0` deletes one. */
export interface Cookies {
  get(name: string): string | undefined;
  set(name: string, value: string, attributes: CookieAttributes): void;
}

export interface CookieOptions {
  /** Begins the names of the cookies. Default: `session`. */
  name?: string;
  /** False for http://localhost in Safari: no `Secure`, and no prefix `__Host-`. Default: true. */
  secure?: boolean;
}

const DAY = 24 * 60 * 60;
// As long as the API accepts each of them.
const MAX_AGE = { refresh: 30 * DAY, device: 90 * DAY, registration: DAY };

/**
 * Keep the session in cookies that scripts cannot read. The cookies are read once, when the store is created, so that a
 * refresh in the same request does not change what the request uses.
 */
export function cookieStore(cookies: Cookies, options: CookieOptions = {}): SessionStore {
  const { name = "session", secure = true } = options;
  const cookie = (part: string) => `${secure ? "__Host-" : ""}${name}-${part}`;
  const set = (part: string, value: string | undefined, maxAge: number) => {
    // Also to delete: browsers ignore a change of a `__Host-` cookie that is not `Secure`.
    const attributes = { httpOnly: true, secure, sameSite: "lax", path: "/", maxAge: value ? maxAge : 0 } as const;
    cookies.set(cookie(part), value ?? "", attributes);
  };
  const get = (part: string) => cookies.get(cookie(part)) || undefined;
  let held: Stored = {
    session: sessionIn(get("refresh"), get("access")),
    device: get("device"),
    registration: get("registration"),
  };
  return {
    refreshes: false,
    read: () => held,
    write(stored) {
      const { session, device, registration } = stored;
      if (session !== held.session) {
        const left = session ? Math.floor((session.expiresAt - Date.now()) / 1000) : 0;
        set("access", session?.token, left);
        set("refresh", session && encode([session.refreshToken, session.expiresAt, session.user]), MAX_AGE.refresh);
      }
      if (device !== held.device) set("device", device, MAX_AGE.device);
      if (registration !== held.registration) set("registration", registration, MAX_AGE.registration);
      held = stored;
    },
  };
}

/**
 * Return the cookies that the browser sent, from the header `Cookie`. For code that renders: frameworks add to their own
 * cookies what a middleware has just set, which must not be used yet. They cannot be set.
 */
export function requestCookies(header: string | null | undefined): Cookies {
  const pairs = (header ?? "").split(";").map((pair): [string, string] => {
    const [name = "", ...value] = pair.split("=");
    return [trim(name), trim(value.join("="))];
  });
  const values = new Map(pairs);
  return {
    get: (name) => values.get(name),
    set() {
      throw new Error("The cookies of a request cannot be set: sign in or out in a route handler");
    },
  };
}

/**
 * Remove the spaces and tabs around a text (RFC 6265, 5.2). Not `String.trim`, which removes a no-break space too: a
 * subdomain can set a cookie whose name begins with one and then looks like a `__Host-` cookie.
 */
function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}

export interface RefreshOptions extends Omit<ClientOptions, "session">, CookieOptions {}

/**
 * Refresh the session in the cookies if its access token ends within `refreshIn` seconds (default: 300). Call it where
 * cookies can be set, before anything that uses the session: in a middleware or a route handler.
 *
 * - `unchanged`: nobody is signed in, or it is not time yet, or the API cannot refresh now and the token is still valid
 * - `refreshed`: new cookies are set; this request goes on with the access token that it came with
 * - `reload`: new cookies are set, but this request has no valid access token: answer with a 307 to the same address
 * - `ended`: the API has ended the session; its cookies are deleted
 *
 * @throws ApiError | NetworkError the API cannot refresh now, and no access token is left
 */
export async function refreshIfNeeded(
  cookies: Cookies,
  options: RefreshOptions,
): Promise<"unchanged" | "refreshed" | "reload" | "ended"> {
  const { refreshIn = 300 } = options;
  const store = cookieStore(cookies, options);
  const stored = store.read();
  if (!stored.session) return "unchanged";
  const left = stored.session.expiresAt - Date.now();
  if (left > refreshIn * 1000) return "unchanged";
  try {
    const { refreshToken } = stored.session;
    const { data } = await createClient(options).POST("/api/auth/refresh", { body: { refreshToken } });
    store.write({ ...stored, session: sessionOf(data), device: data.device || stored.device });
    return left > 0 ? "refreshed" : "reload";
  } catch (error) {
    if (hasEnded(error)) {
      store.write({ ...stored, session: undefined });
      return "ended";
    }
    if (left > 0) return "unchanged";
    throw error;
  }
}

/** Encode as base64url, which no framework has to escape in a cookie. */
function encode(value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function decode(text: string): unknown {
  const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** Return the session. Without an access token, whose cookie ends first, it has none that is valid. */
function sessionIn(refresh: string | undefined, token = ""): Stored["session"] {
  if (!refresh) return undefined;
  try {
    const [refreshToken, expiresAt, user] = decode(refresh) as unknown[];
    const session = { refreshToken, expiresAt: token ? expiresAt : 0, user, token };
    return isSession(session) ? session : undefined;
  } catch {
    return undefined;
  }
}
