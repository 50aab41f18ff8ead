/**
 * Asks the browser to create and to use passkeys. Nothing here calls the API, so a page whose server does so can use it, too.
 *
 * The options and the results are JSON, which the browser converts: `parseCreationOptionsFromJSON`,
 * `parseRequestOptionsFromJSON` and `toJSON` (WebAuthn Level 3). A browser without them is treated as one without passkeys.
 */
import type { components } from "./schema.js";

export type CreationOptions = components["schemas"]["CreationOptions"];
export type RequestOptions = components["schemas"]["RequestOptions"];
/** A new passkey, as the API takes it. */
export type NewCredential = components["schemas"]["RegistrationJson"];
/** A signature with a passkey, as the API takes it. It is valid once. */
export type Assertion = components["schemas"]["AssertionJson"];

/**
 * - `unsupported`: this browser has no passkeys, or no autofill for them, or the page is not secure
 * - `cancelled`: the user has closed the dialog or waited too long, or has no passkey; browsers do not tell which
 * - `replaced`: another ceremony has started; there is nothing to show
 * - `exists`: the authenticator has a passkey of this account already
 * - `failed`: anything else, such as a page whose domain is not that of the passkeys; see `cause`
 */
export type PasskeyErrorCode = "unsupported" | "cancelled" | "replaced" | "exists" | "failed";

/** A ceremony without a result. `cause` is the browser's error, if there is one. */
export class PasskeyError extends Error {
  override readonly name = "PasskeyError";

  constructor(
    readonly code: PasskeyErrorCode,
    cause?: unknown,
  ) {
    super(`No passkey: ${code}`, { cause });
  }
}

export interface CeremonyOptions {
  /** Ends the ceremony. It then throws the signal's reason. */
  signal?: AbortSignal;
}

export interface AssertionOptions extends CeremonyOptions {
  /** Offer passkeys in the autofill of a field with `autocomplete="username webauthn"`, without a dialog. */
  conditional?: boolean;
}

// The browser's names of errors.
const CODES: Record<string, PasskeyErrorCode> = {
  NotAllowedError: "cancelled",
  AbortError: "cancelled",
  InvalidStateError: "exists",
  NotSupportedError: "unsupported",
};
// Milliseconds before the end of a challenge at which autofill gets a new one.
const MARGIN = 30_000;

// A browser allows one ceremony at a time, and a pending autofill is one.
let pending: AbortController | undefined;

/** Return whether this browser can use passkeys on this page. */
export function supportsPasskeys(): boolean {
  const { PublicKeyCredential: api } = globalThis as { PublicKeyCredential?: Partial<typeof PublicKeyCredential> };
  return Boolean(api?.parseCreationOptionsFromJSON && api.parseRequestOptionsFromJSON);
}

/** Return whether this browser can offer passkeys in the autofill of a field. */
export async function supportsPasskeyAutofill(): Promise<boolean> {
  return supportsPasskeys() && Boolean(await PublicKeyCredential.isConditionalMediationAvailable?.());
}

/**
 * Create a passkey. `options` requests the creation options.
 *
 * @throws PasskeyError | the signal's reason | what `options` throws
 */
export function createPasskey(
  options: () => Promise<CreationOptions>,
  { signal }: CeremonyOptions = {},
): Promise<NewCredential> {
  return ceremony(signal, async (own) => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(await options());
    own.throwIfAborted();
    return jsonOf(await navigator.credentials.create({ publicKey, signal: own }));
  });
}

/**
 * Use a passkey. `options` requests the request options: once, or with `conditional` again before each challenge expires.
 *
 * @throws PasskeyError | the signal's reason | what `options` throws
 */
export async function getPasskey(
  options: () => Promise<RequestOptions>,
  { conditional = false, signal }: AssertionOptions = {},
): Promise<Assertion> {
  return ceremony(signal, async (own) => {
    if (conditional && !(await supportsPasskeyAutofill())) throw new PasskeyError("unsupported");
    for (;;) {
      const json = await options();
      own.throwIfAborted();
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(json);
      const expired = conditional ? AbortSignal.timeout(json.timeout - MARGIN) : undefined;
      const current = expired ? AbortSignal.any([own, expired]) : own;
      try {
        const mediation = conditional ? "conditional" : "optional";
        return jsonOf(await navigator.credentials.get({ publicKey, mediation, signal: current }));
      } catch (error) {
        if (!expired?.aborted || own.aborted) throw error;
      }
    }
  });
}

/** Run a ceremony in place of the pending one. */
async function ceremony<Result>(
  signal: AbortSignal | undefined,
  work: (own: AbortSignal) => Promise<Result>,
): Promise<Result> {
  signal?.throwIfAborted();
  if (!supportsPasskeys()) throw new PasskeyError("unsupported");
  pending?.abort(new PasskeyError("replaced"));
  const controller = new AbortController();
  pending = controller;
  const own = controller.signal;
  const abort = () => controller.abort(signal?.reason);
  signal?.addEventListener("abort", abort);
  try {
    return await work(own);
  } catch (error) {
    // Whatever error the browser makes of it.
    own.throwIfAborted();
    throw error instanceof DOMException ? new PasskeyError(CODES[error.name] ?? "failed", error) : error;
  } finally {
    signal?.removeEventListener("abort", abort);
    if (pending === controller) pending = undefined;
  }
}

function jsonOf<Json>(credential: Credential | null): Json {
  if (!credential) throw new PasskeyError("cancelled");
  return (credential as PublicKeyCredential).toJSON() as Json;
}
