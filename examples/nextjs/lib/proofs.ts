/** The proofs of who a user is that this application knows: for the second step of a sign-in, and to reauthenticate. */
import { ApiError, type Assertion, type Proof } from "lambda-api-routes-client";
import type { Form } from "./action";
import type { Flash } from "./flash";
import { assertionIn } from "./passkeys";

export const KNOWN = ["passkey", "password", "totp", "recovery_code"] as const satisfies readonly Proof[];
export type KnownProof = (typeof KNOWN)[number];

/** The names that the API and the forms have for them. */
export const FIELDS = { passkey: "credential", password: "password", totp: "code", recovery_code: "recoveryCode" } as const;

interface Bodies {
  passkey: { credential: Assertion };
  password: { password: string };
  totp: { code: string };
  recovery_code: { recoveryCode: string };
}

const READERS: { [Method in KnownProof]: (form: Form) => Bodies[Method] } = {
  passkey: (form) => ({ credential: assertionIn(form) }),
  password: (form) => ({ password: form("password") }),
  totp: (form) => ({ code: form("code") }),
  recovery_code: (form) => ({ recoveryCode: form("recoveryCode") }),
};

// What follows the field's label.
const WRONG: Record<KnownProof, string> = {
  passkey: "is not one of this account, or took too long",
  password: "is wrong",
  totp: "is wrong or too old: enter the one that your app shows now",
  recovery_code: "is wrong, or was used before",
};

/** Return the methods that this application knows. The API may have others. */
export function known(methods: readonly string[]): KnownProof[] {
  return KNOWN.filter((method) => methods.includes(method));
}

/** Return the proof in a form, as the API takes it. */
export function proofIn<Method extends KnownProof>(form: Form, method: Method): Bodies[Method] {
  return READERS[method](form);
}

/** Return what is wrong with a proof, for the field that it was typed into. Throws errors that are about something else. */
export function faultOf(error: unknown, method: KnownProof): Flash {
  if (!(error instanceof ApiError)) throw error;
  const isUsed = error.code === "code_already_used";
  if (!isUsed && error.code !== "invalid_credentials") throw error;
  // No field shows it.
  if (method === "passkey") return { fault: `The passkey ${WRONG.passkey}.`, code: error.code };
  const text = isUsed ? "was used before: wait for the next one" : WRONG[method];
  return { fault: "Check the marked field.", code: error.code, verb: FIELDS[method], faults: { [FIELDS[method]]: text } };
}
