/** Signing up, in and out. What changes the session runs under its lock. */
import { ApiError, type SecondStep } from "./errors.js";
import { type Assertion, type AssertionOptions, type CeremonyOptions, createPasskey, getPasskey } from "./passkeys.js";
import { currentFlow, forgetFlow, newFlow } from "./pkce.js";
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

/** The address, and for a new account a name. A `bound` link signs in only together with `request`. */
export interface EmailSignIn {
  email: string;
  name?: string;
  bound?: boolean;
}

/** What shows that an email was read: the link's token, or the secret of the request and the code. */
export type MailboxProof = { token: string; request?: string } | { request: string; code: string };

/** The provider, such as `google`, and the path of the front end to continue at (default: `/`). */
export interface ProviderSignIn {
  provider: string;
  next?: string;
}

/** Where to send the browser, as a page, and the secret that the code of `/auth/callback` is redeemed with. */
export interface ProviderDeparture {
  url: string;
  codeVerifier: string;
}

/** The providers that the account is linked to. `link` and `remove` may throw `reauthentication_required`. */
export interface Identities {
  list(): Promise<Body<"PublicIdentity">[]>;
  /** Begin to link a provider. As with `startProviderSignIn`, the browser returns to `/auth/callback`; this session redeems the code. */
  link(body: ProviderSignIn): Promise<ProviderDeparture>;
  /** Unlink the identity. `last_way_in`: the account would have nothing left to sign in with. */
  remove(identityId: string): Promise<void>;
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
  /** Complete a sign-in with `mfa.token`, and a code of an authenticator app, a recovery code or a passkey's `credential`. */
  verifyMfa(body: Body<"SecondStep-Input">): Promise<Session>;
  /**
   * Sign in with a passkey, which needs no second step. With `conditional`, it waits until the user selects one in the
   * autofill of a field. A server passes on the `credential` that its page has got.
   *
   * @throws PasskeyError the browser has no passkeys, the user has cancelled, or another ceremony has started
   */
  signInWithPasskey(options?: AssertionOptions | { credential: Assertion }): Promise<Session>;
  /**
   * Ask the user for a passkey: the proof `credential` of `verifyMfa` and `reauthenticate`, valid once.
   *
   * @throws PasskeyError as `signInWithPasskey`
   */
  askForPasskey(options?: CeremonyOptions): Promise<Assertion>;
  /**
   * Create a passkey and add it to the account. Without a name, it gets that of its authenticator. As the account's first
   * factor it brings recovery codes, which are shown once. May throw `reauthentication_required`.
   *
   * @throws PasskeyError as `signInWithPasskey`, or `exists`: this device has a passkey of the account
   */
  registerPasskey(name?: string, options?: CeremonyOptions): Promise<Body<"RegisteredPasskey">>;
  /** Email a link and a code to sign in. Keep `request`, with which the code works, for twenty minutes. */
  requestSignInEmail(body: EmailSignIn): Promise<Body<"SignInRequested">>;
  /**
   * Sign in with the `token` of the emailed link, and the `request` if this browser has it; or with `request` and `code`.
   * As after `signIn`, the result may have `mfa`.
   */
  verifySignInEmail(body: MailboxProof): Promise<Session | MfaRequired>;
  /** Return the providers that the API is configured for, in the order to show them. */
  listProviders(): Promise<Body<"PublicProvider">[]>;
  /**
   * Begin a sign-in with a provider. Send the browser to `url`: `location.assign(url)`. It returns to `/auth/callback` of the
   * front end. A browser keeps `codeVerifier` in sessionStorage; a server keeps it in a cookie that scripts cannot read.
   */
  startProviderSignIn(body: ProviderSignIn): Promise<ProviderDeparture>;
  /**
   * Redeem the `code` of `/auth/callback`, once. Without a `codeVerifier`, this tab's is used. As after `signIn`, the result may
   * have `mfa`. `next` is where this tab wanted to continue; trust it rather than that of the address. In a session of the same
   * account, that session goes on, which links the provider, or is a proof as `reauthenticate`.
   */
  finishProviderSignIn(body: {
    code: string;
    codeVerifier?: string | undefined;
  }): Promise<(Session | MfaRequired) & { next?: string }>;
  /** Return a nonce to ask the provider's own library with, valid once, for ten minutes. */
  idTokenNonce(provider: string): Promise<string>;
  /** Sign in with an id token that has this nonce, or its SHA-256 in hexadecimal. As after `signIn`, the result may have `mfa`. */
  signInWithIdToken(body: { provider: string; idToken: string; nonce: string }): Promise<Session | MfaRequired>;
  identities: Identities;
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
export function authOf(keeper: SessionKeeper, api: Calls, apiUnderLock: Calls, baseUrl: string): Auth {
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

  /** Sign in, or return what the second step needs. */
  function firstStep(
    request: () => Promise<{ data: Tokens }>,
    adopt: (tokens: Tokens) => Promise<Session> = begin,
  ): Promise<Session | MfaRequired> {
    return keeper.locked(async () => {
      try {
        return await adopt((await request()).data);
      } catch (error) {
        if (error instanceof ApiError && error.mfa) return { mfa: error.mfa };
        throw error;
      }
    });
  }

  /** Store the tokens of a code. If it was redeemed in a session of the same account, they are that session's. */
  async function beginOrContinue(tokens: Tokens): Promise<Session> {
    if (keeper.stored?.user.id !== tokens.user.id) return begin(tokens);
    keeper.adopt(tokens);
    return keeper.session() as Session;
  }

  /** Call an operation that takes the access token if there is one. A session that turns out to be over must not be in the way. */
  async function withOrWithoutSession<Result>(request: () => Promise<Result>): Promise<Result> {
    const before = keeper.stored;
    try {
      return await request();
    } catch (error) {
      if (!before || keeper.stored || !hasEnded(error)) throw error;
      return request();
    }
  }

  const requestOptions = async () => (await api.POST("/api/auth/login/passkey/options")).data;

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
      firstStep(() => {
        const { device } = keeper.store.read();
        return apiUnderLock.POST("/api/auth/login", { body: { ...body, ...(device && { device }) } });
      }),
    async signInWithPasskey(options = {}) {
      // Outside the lock: the user may take minutes, or with autofill never come.
      const credential = "credential" in options ? options.credential : await getPasskey(requestOptions, options);
      return keeper.locked(async () =>
        begin((await apiUnderLock.POST("/api/auth/login/passkey", { body: { credential } })).data),
      );
    },
    askForPasskey: (options) => getPasskey(requestOptions, options),
    async registerPasskey(name, options) {
      const credential = await createPasskey(async () => (await api.POST("/api/auth/passkeys/options")).data, options);
      return (await api.POST("/api/auth/passkeys", { body: { credential, ...(name && { name }) } })).data.data;
    },
    requestSignInEmail: async (body) => (await api.POST("/api/auth/login/email", { body })).data,
    verifySignInEmail: (body) => firstStep(() => apiUnderLock.POST("/api/auth/login/email/verify", { body })),
    listProviders: async () => (await api.GET("/api/auth/providers")).data.data,
    async startProviderSignIn({ provider, next }) {
      const { codeVerifier, codeChallenge, next: page } = await newFlow(next);
      const query = new URLSearchParams({ codeChallenge, next: page });
      const path = `/api/auth/oauth/${encodeURIComponent(provider)}?${query}`;
      return { url: baseUrl.replace(/\/$/, "") + path, codeVerifier };
    },
    async finishProviderSignIn({ code, codeVerifier }) {
      const flow = currentFlow();
      const verifier = codeVerifier ?? flow.codeVerifier;
      const body = { code, ...(verifier && { codeVerifier: verifier }) };
      const request = () => apiUnderLock.POST("/api/auth/oauth/token", { body });
      const result = await firstStep(() => withOrWithoutSession(request), beginOrContinue);
      // After an error it stays: an emailed link may need it.
      forgetFlow();
      return { ...result, ...(flow.next && { next: flow.next }) };
    },
    idTokenNonce: async (provider) =>
      (await api.GET("/api/auth/oauth/{provider}/id-token", { params: { path: { provider } } })).data.nonce,
    signInWithIdToken: ({ provider, ...body }) =>
      firstStep(() => apiUnderLock.POST("/api/auth/oauth/{provider}/id-token", { params: { path: { provider } }, body })),
    identities: {
      list: async () => (await api.GET("/api/auth/identities")).data.data,
      async link({ provider, next }) {
        const { codeVerifier, ...flow } = await newFlow(next);
        const { data } = await api.POST("/api/auth/identities", { body: { provider, ...flow } });
        return { url: data.url, codeVerifier };
      },
      async remove(identityId) {
        await api.DELETE("/api/auth/identities/{identityId}", { params: { path: { identityId } } });
      },
    },
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
