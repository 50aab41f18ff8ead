/** Signing up, in and out. What changes the session runs under its lock. */
import type { components } from "./schema.js";
import { hasEnded, type Session, type SessionKeeper, type Tokens } from "./session.js";
import type { StoredSession } from "./stores.js";
import type { Calls } from "./types.js";

type Body<Name extends keyof components["schemas"]> = components["schemas"][Name];
type Message = Body<"Message-Output">;

export interface Auth {
  /** Start a registration. Its secret is stored until `verifyEmail` uses it. */
  register(body: Body<"Registration">): Promise<Message>;
  /**
   * Verify an address with the token of the emailed link, or with the address and the emailed code. Returns the session
   * if that opened the registration's account; otherwise a message: an existing account's address is verified.
   */
  verifyEmail(body: Body<"Proofs">): Promise<Session | Message>;
  /** Email another link and code. */
  resendVerification(body: { email: string }): Promise<Message>;
  signIn(body: { email: string; password: string }): Promise<Session>;
  /**
   * End this session (`local`), all others of the user (`others`), or all (`global`). Except for `others`, the session is
   * removed from this device at once, in all tabs, even if the API cannot be reached. `local` then does not fail.
   */
  signOut(body?: { scope?: "local" | "others" | "global" }): Promise<void>;
  forgotPassword(body: Body<"ForgottenPassword">): Promise<Message>;
  /** Set the password with an emailed token. This ends all sessions of the account, and signs nobody in. */
  resetPassword(body: Body<"NewPassword">): Promise<void>;
  changePassword(body: Body<"Passwords">): Promise<Session>;
  changeEmail(body: Body<"NewAddress">): Promise<Message>;
  /** Prove again who the user is, after `reauthentication_required`. */
  reauthenticate(body: Body<"Proof">): Promise<Session>;
  /** Return who is signed in. The same object until something changes. */
  session(): Session | null;
  /** Call the listener with the session after each change, in this tab or another. Returns the function that stops it. */
  onChange(listener: (session: Session | null) => void): () => void;
  /** Return an access token that is valid now, for requests that this client does not send. */
  accessToken(): Promise<string | null>;
}

/** Return the account calls. `api` sends as always; `apiUnderLock` is for callers that hold the session's lock. */
export function authOf(keeper: SessionKeeper, api: Calls, apiUnderLock: Calls): Auth {
  /** Replace the tokens of the current session. */
  function renew(request: () => Promise<{ data: Tokens }>): Promise<Session> {
    return keeper.locked(async () => {
      const before = await keeper.current(true);
      const { data } = await request();
      // The request may have refreshed the session.
      const now = keeper.stored;
      if (before && now?.user.id === before.user.id) keeper.adopt(data, now);
      return { user: data.user, expiresAt: Date.now() + data.expiresIn * 1000 };
    });
  }

  /** End a session that is no longer stored. */
  async function end(session: StoredSession, scope: "local" | "global"): Promise<void> {
    const logOut = (token: string) =>
      apiUnderLock.POST("/api/auth/logout", { body: { scope }, headers: { Authorization: `Bearer ${token}` } });
    try {
      await logOut(session.token);
    } catch (error) {
      if (!hasEnded(error)) throw error;
      // Only the access token is over, perhaps.
      const { data } = await apiUnderLock.POST("/api/auth/refresh", { body: { refreshToken: session.refreshToken } });
      await logOut(data.token);
    }
  }

  /** Store the session of a sign-in, and end the one that it replaces. */
  async function begin(tokens: Tokens): Promise<Session> {
    const replaced = keeper.stored;
    keeper.adopt(tokens);
    // The sign-in has worked, whatever becomes of the earlier session.
    if (replaced) await end(replaced, "local").catch(() => undefined);
    return keeper.session() as Session;
  }

  return {
    async register(body) {
      const { data } = await api.POST("/api/auth/register", { body });
      keeper.update({ registration: data.registration });
      return data;
    },
    verifyEmail: (body) =>
      keeper.locked(async () => {
        const { registration } = keeper.store.read();
        const proof = body.registration || body.password || !registration ? {} : { registration };
        const { data } = await apiUnderLock.POST("/api/auth/verify-email", { body: { ...body, ...proof } });
        if (!("token" in data)) return data;
        keeper.update({ registration: undefined });
        return begin(data);
      }),
    async resendVerification(body) {
      const { registration } = keeper.store.read();
      const secret = registration && { registration };
      return (await api.POST("/api/auth/resend-verification", { body: { ...body, ...secret } })).data;
    },
    signIn: (body) =>
      keeper.locked(async () => {
        const { device } = keeper.store.read();
        const { data } = await apiUnderLock.POST("/api/auth/login", { body: { ...body, ...(device && { device }) } });
        return begin(data);
      }),
    async signOut({ scope = "local" } = {}) {
      if (scope === "others") {
        await api.POST("/api/auth/logout", { body: { scope } });
        return;
      }
      const before = keeper.stored;
      // At once, because the lock may have to wait for a slow refresh, whose result is then dropped.
      if (before) keeper.update({ session: undefined });
      await keeper.locked(async () => {
        const now = keeper.stored;
        // Someone else has signed in since.
        const isOther = before && now && now.user.id !== before.user.id;
        if (now && !isOther) keeper.update({ session: undefined });
        const session = isOther ? before : (now ?? before);
        if (!session) return;
        try {
          await end(session, scope);
        } catch (error) {
          if (scope === "global") throw error;
        }
      });
    },
    forgotPassword: async (body) => (await api.POST("/api/auth/forgot-password", { body })).data,
    async resetPassword(body) {
      await api.POST("/api/auth/reset-password", { body });
    },
    changePassword: (body) => renew(() => apiUnderLock.POST("/api/auth/change-password", { body })),
    changeEmail: async (body) => (await api.POST("/api/auth/change-email", { body })).data,
    reauthenticate: (body) => renew(() => apiUnderLock.POST("/api/auth/reauthenticate", { body })),
    session: () => keeper.session(),
    onChange: (listener) => keeper.onChange(() => listener(keeper.session())),
    accessToken: async () => (await keeper.current())?.token ?? null,
  };
}
