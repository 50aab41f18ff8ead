/**
 * Where a session is kept. A store is read before each request and holds everything, so clients and tabs that share one
 * see the same session. `lambda-api-routes-client/server` has a store for cookies.
 */
import type { components } from "./schema.js";

/** The user of a session. */
export type User = components["schemas"]["SignedInUser"];

/** A session and its tokens. */
export interface StoredSession {
  user: User;
  token: string;
  refreshToken: string;
  /** When the access token expires, by the clock of this device (milliseconds since 1970). */
  expiresAt: number;
}

/** What a store holds. */
export interface Stored {
  session?: StoredSession | undefined;
  /** The secret by which the API knows this client at the next sign-in. Kept after sign-out. */
  device?: string | undefined;
  /** The secret of a registration that is not verified yet. */
  registration?: string | undefined;
}

/** A place for a session. Its calls are synchronous, so that a read and the write that depends on it are one step. */
export interface SessionStore {
  read(): Stored;
  write(stored: Stored): void;
  /** Call the listener after changes by others, such as other tabs. Returns the function that stops it. */
  watch?(listener: () => void): () => void;
  /** The name of the Web Lock that all users of the data share. Without it, they must be in this process. */
  readonly lock?: string;
  /** False if clients must not refresh the session. */
  readonly refreshes?: boolean;
}

/** Keep the session until the page or the process ends. */
export function memoryStore(): SessionStore {
  let held: Stored = {};
  return {
    read: () => held,
    write: (stored) => {
      held = stored;
    },
  };
}

/**
 * Keep the session in the browser's localStorage, for all tabs of the origin. Content that is not a session is treated as
 * signed out. While localStorage is unavailable or full, the session is kept in memory.
 */
export function localStorageStore(name = "lambda-api-routes"): SessionStore {
  // What could not be written. Undefined as long as localStorage works.
  let unwritten: Stored | undefined;
  return {
    lock: name,
    read: () => {
      if (unwritten) return unwritten;
      try {
        return parse(localStorage.getItem(name));
      } catch {
        return {};
      }
    },
    write: (stored) => {
      try {
        localStorage.setItem(name, JSON.stringify(stored));
        unwritten = undefined;
      } catch {
        unwritten = stored;
        // What is there is out of date: a sign-out must not be undone by the next page.
        try {
          localStorage.removeItem(name);
        } catch {
          // Unavailable, so there is nothing.
        }
      }
    },
    watch: (listener) => {
      const changed = (event: StorageEvent) => {
        // The key is null after localStorage.clear().
        if (event.key === name || event.key === null) listener();
      };
      globalThis.addEventListener?.("storage", changed);
      return () => globalThis.removeEventListener?.("storage", changed);
    },
  };
}

function parse(text: string | null): Stored {
  const { session, device, registration } = Object(JSON.parse(text ?? "{}")) as Record<string, unknown>;
  return {
    session: isSession(session) ? session : undefined,
    device: typeof device === "string" ? device : undefined,
    registration: typeof registration === "string" ? registration : undefined,
  };
}

/** Return whether the value is a session. Stored text may be damaged, or of another version. */
export function isSession(value: unknown): value is StoredSession {
  const { token, refreshToken, expiresAt, user } = Object(value) as Record<string, unknown>;
  return (
    [token, refreshToken, (Object(user) as Partial<User>).id].every((text) => typeof text === "string") &&
    typeof expiresAt === "number"
  );
}
