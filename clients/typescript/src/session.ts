/**
 * The session of a client: which access token to send, and when to refresh it.
 *
 * Threats. A refresh token that was replaced more than ten seconds ago looks stolen, and the API then ends the session: a
 * refresh is one at a time, and reads the store again once it is its turn. A refresh that returns late brings a session back that was
 * signed out, or replaces another user's: its result is dropped unless the session that it was for is still there.
 */
import { ApiError, NetworkError } from "./errors.js";
import { locked } from "./lock.js";
import type { components } from "./schema.js";
import type { SessionStore, Stored, StoredSession, User } from "./stores.js";

export type Tokens = components["schemas"]["Tokens"];

/** Who is signed in. `expiresAt` is the access token's end (milliseconds since 1970); it is refreshed before. */
export interface Session {
  readonly user: User;
  readonly expiresAt: number;
}

/** Return the session that a response has opened. Its life begins now, whatever this device's clock says. */
export function sessionOf(tokens: Tokens): StoredSession {
  const { user, token, refreshToken, expiresIn } = tokens;
  if (!token || !refreshToken) throw new NetworkError(new TypeError("The response has no tokens"));
  return { user, token, refreshToken, expiresAt: Date.now() + expiresIn * 1000 };
}

/** Return whether the API has ended the session: each of its 401s for a refresh says so. */
export function hasEnded(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401 && error.code !== "unknown";
}

export class SessionKeeper {
  readonly #listeners = new Set<() => void>();
  #unwatch: (() => void) | undefined;
  #refreshing: { token: string; result: Promise<StoredSession | undefined> } | undefined;
  #seen: { token: string; session: Session } | undefined;

  constructor(
    readonly store: SessionStore,
    /** Seconds before the end of an access token from which it is refreshed. */
    private readonly refreshIn: number,
    private readonly requestTokens: (refreshToken: string) => Promise<Tokens>,
  ) {}

  get stored(): StoredSession | undefined {
    return this.store.read().session;
  }

  /** Return who is signed in: the same object as long as nothing has changed. */
  session(): Session | null {
    const stored = this.stored;
    if (!stored) return null;
    if (this.#seen?.token !== stored.token) {
      this.#seen = { token: stored.token, session: { user: stored.user, expiresAt: stored.expiresAt } };
    }
    return this.#seen.session;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#unwatch ??= this.store.watch?.(() => this.#notify());
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size) return;
      this.#unwatch?.();
      this.#unwatch = undefined;
    };
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Change some of what is stored. */
  update(changes: Stored): void {
    this.store.write({ ...this.store.read(), ...changes });
    if ("session" in changes) this.#notify();
  }

  /** Run work that changes the session. */
  locked<Result>(work: () => Promise<Result>): Promise<Result> {
    return locked(this.store, work);
  }

  /** Store the tokens of a sign-in, or those that replace `previous`, unless that session is no longer stored. */
  adopt(tokens: Tokens, previous?: StoredSession): StoredSession | undefined {
    if (previous && this.stored?.token !== previous.token) return undefined;
    const session = sessionOf(tokens);
    this.update({ session, ...(tokens.device && { device: tokens.device }) });
    return session;
  }

  /**
   * Return a session whose access token may be sent, refreshed if it is about to expire. If the refresh fails, an access
   * token that is still valid is used.
   */
  async current(holdsLock = false): Promise<StoredSession | undefined> {
    const stored = this.stored;
    const left = stored ? stored.expiresAt - Date.now() : 0;
    if (!stored || left > this.refreshIn * 1000) return stored;
    if (this.store.refreshes === false) return left > 0 ? stored : undefined;
    try {
      return await this.refresh(stored, holdsLock);
    } catch (error) {
      if (left <= 0 || hasEnded(error)) throw error;
      return stored;
    }
  }

  /**
   * Replace an access token that has expired or was rejected. Undefined if its user is not signed in any more.
   *
   * @throws ApiError with 401 if the session has ended, which is then removed; after any other error it stays
   */
  refresh(stale: StoredSession, holdsLock = false): Promise<StoredSession | undefined> {
    if (holdsLock) return this.#refresh(stale);
    if (this.#refreshing?.token !== stale.token) {
      const refreshing = { token: stale.token, result: this.locked(() => this.#refresh(stale)) };
      this.#refreshing = refreshing;
      const done = () => {
        if (this.#refreshing === refreshing) this.#refreshing = undefined;
      };
      refreshing.result.then(done, done);
    }
    return this.#refreshing.result;
  }

  async #refresh(stale: StoredSession): Promise<StoredSession | undefined> {
    const stored = this.stored;
    if (stored?.user.id !== stale.user.id) return undefined;
    // Another call or tab was faster.
    if (stored.token !== stale.token) return stored;
    try {
      return this.adopt(await this.requestTokens(stored.refreshToken), stored);
    } catch (error) {
      if (hasEnded(error) && this.stored?.token === stored.token) this.update({ session: undefined });
      throw error;
    }
  }
}
