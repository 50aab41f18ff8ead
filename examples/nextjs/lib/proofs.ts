/** The proofs of who a user is that this application knows: for the second step of a sign-in, and to reauthenticate. */
import { ApiError, type Assertion, type Proof } from "lambda-api-routes-client";
import type { Context } from "./action";
import type { Flash } from "./flash";
import { assertionIn } from "./passkeys";
import { kept } from "./secrets";

export const KNOWN = ["passkey", "password", "totp", "recovery_code", "email"] as const satisfies readonly Proof[];
export type KnownProof = (typeof KNOWN)[number];

/** The names that the API and the forms have for them. */
export const FIELDS = {
  passkey: "credential",
  password: "password",
  totp: "code",
  recovery_code: "recoveryCode",
  email: "mailCode",
} as const;

interface Bodies {
  passkey: { credential: Assertion };
  password: { password: string };
  totp: { code: string };
  recovery_code: { recoveryCode: string };
  email: { request: string; mailCode: string };
}

type Sent = Pick<Context, "form" | "jar">;

const READERS: { [Method in KnownProof]: (sent: Sent) => Bodies[Method] } = {
  passkey: ({ form }) => ({ credential: assertionIn(form) }),
  password: ({ form }) => ({ password: form("password") }),
  totp: ({ form }) => ({ code: form("code") }),
  recovery_code: ({ form }) => ({ recoveryCode: form("recoveryCode") }),
  // The code is valid only with the secret of the request, which the browser has kept.
  email: ({ form, jar }) => ({
    request: kept(jar, "email-request", undefined)?.request ?? "",
    mailCode: form("mailCode"),
  }),
};

// What follows the field's label.
const WRONG: Record<KnownProof, string> = {
  passkey: "is not one of this account, or took too long",
  password: "is wrong",
  totp: "is wrong or too old: enter the one that your app shows now",
  recovery_code: "is wrong, or was used before",
  email: "is wrong, too old, or was tried too often",
};

/** Return the methods that this application knows. The API may have others. */
export function known(methods: readonly string[]): KnownProof[] {
  return KNOWN.filter((method) => methods.includes(method));
}

/** Return the proof that was sent, as the API takes it. */
export function proofIn<Method extends KnownProof>(sent: Sent, method: Method): Bodies[Method] {
  return READERS[method](sent);
}

/** Return what is wrong with a proof, for the field that it was typed into. Throws errors that are about something else. */
export function faultOf(error: unknown, method: KnownProof): Flash {
  if (!(error instanceof ApiError)) throw error;
  const isUsed = error.code === "code_already_used";
  if (!isUsed && error.code !== (method === "email" ? "invalid_link" : "invalid_credentials")) throw error;
  // No field shows it.
  if (method === "passkey") return { fault: `The passkey ${WRONG.passkey}.`, code: error.code };
  const text = isUsed ? "was used before: wait for the next one" : WRONG[method];
  return { fault: "Check the marked field.", code: error.code, verb: FIELDS[method], faults: { [FIELDS[method]]: text } };
}
