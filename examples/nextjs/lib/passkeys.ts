/** The passkey that a page's script has put into a form. Anyone can send anything, so its parts are checked one by one. */
import type { Assertion, NewCredential } from "lambda-api-routes-client";
import type { Form } from "./action";

type Json = Record<string, unknown>;

/** Return a signature with a passkey. Missing parts are empty, which the API rejects. */
export function assertionIn(form: Form): Assertion {
  const { response, ...credential } = credentialIn(form);
  return {
    ...credential,
    response: {
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: text(response.userHandle) || null,
    },
  };
}

/** Return a new passkey. Missing parts are empty, which the API rejects. */
export function newCredentialIn(form: Form): NewCredential {
  const { response, ...credential } = credentialIn(form);
  const { transports } = response;
  return {
    ...credential,
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
      ...(Array.isArray(transports) && { transports: transports.map(text) }),
    },
  };
}

function credentialIn(form: Form) {
  const { id, rawId, response } = object(parsed(form("credential")));
  return { id: text(id), rawId: text(rawId), type: "public-key" as const, response: object(response) };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function object(value: unknown): Json {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
