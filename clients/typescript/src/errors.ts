/**
 * What a call throws.
 *
 * Error
 * ├── ApiError        a response with an error status arrived: branch on `code`, show `message`
 * └── NetworkError    no response, or not all of it, arrived: offline, connection lost, refused by CORS
 *
 * An aborted call throws its signal's reason, as `fetch` does.
 */
import type { components, operations } from "./schema.js";

type Responses = { [Id in keyof operations]: operations[Id]["responses"] }[keyof operations];
type CodeOf<Response> = Response extends { content: { "application/json": { success: false; code: infer Code } } }
  ? Code
  : never;
type CodesOf<All> = All extends unknown ? CodeOf<All[keyof All]> : never;

/** Every error code of the API's document. `unknown`: the body is not the API's, such as that of a proxy's 502. */
export type ErrorCode = CodesOf<Responses> | "unknown";

/** A proof of who the user is: for the second step of a sign-in, or to reauthenticate. */
export type Proof = NonNullable<components["schemas"]["Error"]["methods"]>[number];

/** What a sign-in needs besides its first step: one of `methods`, within `expiresIn` seconds. */
export type SecondStep = components["schemas"]["SecondStep-Output"];

/** A response with an error status. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  // Private, so that whoever logs the error does not log the token.
  readonly #mfa: SecondStep | undefined;

  constructor(
    /** The HTTP status. */
    readonly status: number,
    /** What went wrong. A newer API may send codes that this version does not list. */
    readonly code: ErrorCode,
    /** A text for the user. */
    message: string,
    /** What is wrong with each field, by the field's path in the request, such as `address.city`. */
    readonly errors: Readonly<Record<string, readonly string[]>> = {},
    /** The id of the request in the API's logs. */
    readonly requestId?: string,
    /** The seconds to wait before the next try. */
    readonly retryAfter?: number,
    /** Only with `reauthentication_required`: the proofs that are accepted. */
    readonly methods: readonly Proof[] = [],
    mfa?: SecondStep,
  ) {
    super(message);
    this.#mfa = mfa;
  }

  /** Only with `mfa_required`: what the second step needs. */
  get mfa(): SecondStep | undefined {
    return this.#mfa;
  }
}

/** No complete response arrived. `cause` is the error that `fetch` threw. */
export class NetworkError extends Error {
  override readonly name = "NetworkError";

  constructor(cause: unknown) {
    super("The API cannot be reached", { cause });
  }
}

/** Return the error of a response. Reads its body. */
export async function errorOf(response: Response): Promise<ApiError> {
  const body = await json(response);
  const errors = Object.create(null) as Record<string, string[]>;
  for (const { field, message } of Array.isArray(body.errors) ? body.errors : []) (errors[field] ??= []).push(message);
  return new ApiError(
    response.status,
    (body.success === false && body.code ? body.code : "unknown") as ErrorCode,
    body.message ?? (response.statusText || `Status ${response.status}`),
    errors,
    body.requestId ?? response.headers.get("X-Request-Id") ?? undefined,
    retryAfter(response),
    body.methods,
    body.mfa,
  );
}

async function json(response: Response): Promise<Partial<components["schemas"]["Error"]>> {
  try {
    return Object((await response.json()) as unknown);
  } catch {
    return {};
  }
}

/** Return the header's seconds. It has seconds or a date (RFC 9110, 10.2.3). */
function retryAfter(response: Response): number | undefined {
  const value = response.headers.get("Retry-After");
  if (!value) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, Math.ceil(seconds));
}
