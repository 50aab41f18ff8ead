/** Signing up, in and out. What changes the session runs under its lock. */
import { ApiError, type SecondStep } from "./errors.js";
import type { components } from "./schema.js";
import { hasEnded, type Session, type SessionKeeper, type Tokens } from "./session.js";
import type { StoredSession } from "./stores.js";
import type { Calls } from "./types.js";

type Body<Name extends keyof components["schemas"]> = components["schemas"][Name];
type Message = Body<"Message-Output">;

/** A sign-in whose account has a second factor: nobody is signed in until `verifyMfa`. Keep it out of URLs and logs. */
export interface MfaRequired {
  mfa: SecondStep;
}

/** The second factors of the account. All but `list` may throw `reauthentication_required`. */
export interface Factors {
  /** Return the confirmed factors, and how many recovery codes are left. */
  list(): Promise<Body<"FactorList">>;
  /** Create the secret of an authenticator app. It is inactive until `confirm`, within ten minutes. */
  enrollTotp(body: { name: string }): Promise<Body<"NewApp">>;
  /** Activate the factor with its first code. The account's first factor brings recovery codes, which are shown once. */
  confirm(factorId: string, body: Body<"FirstCode">): Promise<Body<"Confirmed">>;
  rename(factorId: string, body: { name: string }): Promise<Body<"PublicFactor">>;
  /** Remove the factor. The recovery codes go with the last one. */
  remove(factorId: string): Promise<void>;
}

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
  /** Sign in. An account with a second factor is not signed in yet: the result has `mfa` then, for `verifyMfa`. */
  signIn(body: { email: string; password: string }): Promise<Session | MfaRequired>;
  /** Complete a sign-in with `mfa.token`, and a code of an authenticator app or a recovery code. */
  verifyMfa(body: Body<"SecondStep-Input">): Promise<Session>;
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
  /** Prove again who the user is, after `reauthentication_required`: with one of its `methods`. */
  reauthenticate(body: Body<"Proof">): Promise<Session>;
  factors: Factors;
  /** Create ten recovery codes, which are shown once. Earlier ones are void. */
  renewRecoveryCodes(): Promise<string[]>;
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
        try {
          const { data } = await apiUnderLock.POST("/api/auth/login", { body: { ...body, ...(device && { device }) } });
          return await begin(data);
        } catch (error) {
          if (error instanceof ApiError && error.mfa) return { mfa: error.mfa };
          throw error;
        }
      }),
    verifyMfa: (body) => keeper.locked(async () => begin((await apiUnderLock.POST("/api/auth/mfa", { body })).data)),
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
    factors: {
      list: async () => (await api.GET("/api/auth/factors")).data,
      enrollTotp: async (body) =>
        (await api.POST("/api/auth/factors", { body: { ...body, type: "totp" } })).data.data,
      confirm: async (factorId, body) =>
        (await api.POST("/api/auth/factors/{factorId}", { params: { path: { factorId } }, body })).data.data,
      rename: async (factorId, body) =>
        (await api.PATCH("/api/auth/factors/{factorId}", { params: { path: { factorId } }, body })).data.data,
      async remove(factorId) {
        await api.DELETE("/api/auth/factors/{factorId}", { params: { path: { factorId } } });
      },
    },
    renewRecoveryCodes: async () => (await api.POST("/api/auth/recovery-codes")).data.data.recoveryCodes,
    session: () => keeper.session(),
    onChange: (listener) => keeper.onChange(() => listener(keeper.session())),
    accessToken: async () => (await keeper.current())?.token ?? null,
  };
}
