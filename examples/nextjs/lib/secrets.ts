/**
 * Secrets that a form's handler leaves for the page that follows: the token of a first step, the secret of a new authenticator
 * app, new recovery codes.
 *
 * They must not be in an address, which browsers and servers store, nor where scripts can read them. A hidden field would do for a
 * page that the handler renders itself, but handlers redirect, so that a reload does not send the form again. So each secret is
 * in a cookie with the prefix `__Host-` that is `HttpOnly` and lives for minutes. It is deleted once it is used, and at sign-out.
 */
import type { MfaRequired, Proof } from "lambda-api-routes-client";
import type { Cookies } from "lambda-api-routes-client/server";
import { flashAttributes } from "./flash";
import { PREFIX } from "./settings";
import { withQuery } from "./urls";

export interface Secrets {
  /** The first step of a sign-in, and what the second one accepts. */
  "second-step": { token: string; methods: Proof[] };
  /** An authenticator app that waits for its first code, and the user who adds it. */
  "new-app": { userId: string; id: string; name: string; secret: string; uri: string };
  "recovery-codes": { userId: string; codes: string[] };
  /** What this browser has to send with the code of an email, and to which address it went. */
  "email-request": { request: string; email: string };
  /** A sign-in with a provider that this browser has begun, or a link to it, and where to go on afterwards. */
  "provider-flow": { codeVerifier: string; next: string; isLink: boolean };
}

type Name = keyof Secrets;
const NAMES: readonly Name[] = ["second-step", "new-app", "recovery-codes", "email-request", "provider-flow"];

// Seconds. As long as the API waits for the first code of an app.
const TEN_MINUTES = 600;
// As long as the API keeps the request for an email.
const TWENTY_MINUTES = 1200;

/** Store a secret for so many seconds. */
export function keep<Of extends Name>(cookies: Cookies, name: Of, secret: Secrets[Of], maxAge = TEN_MINUTES): void {
  const value = Buffer.from(JSON.stringify(secret)).toString("base64url");
  cookies.set(PREFIX + name, value, { ...flashAttributes, maxAge });
}

/** Store the first step of a sign-in, and return the address of the page that goes on. */
export function keepSecondStep(cookies: Cookies, { token, methods, expiresIn }: MfaRequired["mfa"], next: string): string {
  keep(cookies, "second-step", { token, methods }, expiresIn);
  return withQuery("/login/second-step", { next });
}

/** Store what the code of an email needs. */
export function keepEmailRequest(cookies: Cookies, request: Secrets["email-request"]): void {
  keep(cookies, "email-request", request, TWENTY_MINUTES);
}

/** Return a secret, or undefined if there is none, or none of this user: another one may have signed in since. */
export function kept<Of extends Name>(
  cookies: Pick<Cookies, "get">,
  name: Of,
  userId: string | undefined,
): Secrets[Of] | undefined {
  const value = cookies.get(PREFIX + name);
  try {
    const secret = JSON.parse(Buffer.from(value ?? "", "base64url").toString()) as Secrets[Of];
    return "userId" in secret && secret.userId !== userId ? undefined : secret;
  } catch {
    return undefined;
  }
}

/** Delete secrets: those that are named, or all. */
export function drop(cookies: Cookies, ...names: Name[]): void {
  for (const name of names.length ? names : NAMES) cookies.set(PREFIX + name, "", { ...flashAttributes, maxAge: 0 });
}
