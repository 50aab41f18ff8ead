/** Sends a request: with a token, again where that is safe, and with errors thrown. */
import { type ApiError, errorOf, NetworkError, type ErrorCode } from "./errors.js";
import { isPublic, takesKey } from "./operations.js";
import type { SessionKeeper } from "./session.js";
import type { StoredSession } from "./stores.js";

/** Identifies a front end's own server to the API (docs/proxies.md). Never send it from a browser. */
export interface Proxy {
  key: string;
  /** The IP address of the user, from the socket or from what the platform documents. */
  clientIp: string;
  userAgent?: string;
}

export interface SendOptions {
  keeper: SessionKeeper;
  fetch: (request: Request) => Promise<Response>;
  /** The longest wait between two tries, in seconds. */
  maxWait: number;
  proxy?: Proxy | undefined;
}

/** The operation, such as `POST /api/users`, and whether the caller holds the session's lock. */
export interface Call {
  operation: string;
  holdsLock?: boolean;
}

const MAX_RETRIES = 2;
// Seconds before the first retry when the API does not name a time; twice as long before the second.
const PAUSE = 0.25;
const REJECTED: ReadonlySet<ErrorCode> = new Set(["invalid_token", "token_expired", "session_ended", "no_token"]);

/**
 * Return the response, whose status is a success.
 *
 * A request is sent again after a network failure or a 503 only if that is safe: GET, HEAD, or with an `Idempotency-Key`.
 * After a 429 or a rejected token nothing was done, so every request may be.
 *
 * @throws ApiError | NetworkError | the reason of an abort
 */
export async function send(request: Request, call: Call, options: SendOptions): Promise<Response> {
  const { keeper, maxWait } = options;
  const operation = call.operation.replace(/^HEAD/, "GET");
  const { headers, signal } = request;
  if (takesKey.has(operation) && !headers.has("Idempotency-Key")) headers.set("Idempotency-Key", newKey());
  const isRepeatable = operation.startsWith("GET ") || Boolean(headers.get("Idempotency-Key"));
  setProxy(headers, options.proxy);

  let session: StoredSession | undefined;
  if (!isPublic.has(operation) && !headers.has("Authorization")) {
    session = await abortable(keeper.current(call.holdsLock), signal);
  }
  let isRefreshed = false;
  for (let retries = 0; ; ) {
    const outcome = await attempt(request, session, options);
    if (outcome instanceof Response) return outcome;
    const failure = outcome;
    signal.throwIfAborted();
    if (session && !isRefreshed && isApiError(failure) && failure.status === 401 && REJECTED.has(failure.code)) {
      isRefreshed = true;
      if (keeper.store.refreshes === false) throw failure;
      session = await abortable(keeper.refresh(session, call.holdsLock), signal);
      if (!session) throw failure;
      continue;
    }
    const wait = (isApiError(failure) ? failure.retryAfter : undefined) ?? PAUSE * 2 ** retries;
    if (retries === MAX_RETRIES || wait > maxWait || !mayRetry(failure, isRepeatable)) throw failure;
    retries += 1;
    await pause(wait, signal);
  }
}

function mayRetry(failure: ApiError | NetworkError, isRepeatable: boolean): boolean {
  if (!isApiError(failure)) return isRepeatable;
  return failure.status === 429 || (failure.status === 503 && isRepeatable);
}

/** Send the request once. Returns the response, or the error if it is none. */
async function attempt(
  request: Request,
  session: StoredSession | undefined,
  { fetch }: SendOptions,
): Promise<Response | ApiError | NetworkError> {
  const copy = request.clone();
  if (session) copy.headers.set("Authorization", `Bearer ${session.token}`);
  try {
    const response = await fetch(copy);
    return response.ok ? response : await errorOf(response);
  } catch (error) {
    return new NetworkError(error);
  }
}

function isApiError(failure: ApiError | NetworkError): failure is ApiError {
  return "status" in failure;
}

/** Return a random key. `crypto.randomUUID` is missing on pages without TLS. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function setProxy(headers: Headers, proxy: Proxy | undefined): void {
  if (!proxy) return;
  headers.set("X-Proxy-Key", proxy.key);
  headers.set("X-Proxy-Client-IP", proxy.clientIp);
  if (proxy.userAgent) headers.set("X-Proxy-User-Agent", proxy.userAgent);
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000);
  });
  return abortable(waited, signal).finally(() => clearTimeout(timer));
}

/** Wait for work that others may need too: an abort ends the wait, not the work. */
function abortable<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
