/** The client: openapi-fetch's calls, sent with a session, and with errors thrown. */
import createFetchClient, { type Client as FetchClient } from "openapi-fetch";
import { type Auth, authOf } from "./auth.js";
import { NetworkError } from "./errors.js";
import { type List, pagesOf } from "./pages.js";
import type { paths } from "./schema.js";
import { type Proxy, send, type SendOptions } from "./send.js";
import { SessionKeeper } from "./session.js";
import { memoryStore, type SessionStore } from "./stores.js";
import type { Calls, QueryPaths, Result } from "./types.js";

/** How to reach the API. */
export interface ClientOptions {
  /** The address of the API, such as `https://api.your.domain`. */
  baseUrl: string;
  /** Where the session is kept. Default: in memory. */
  session?: SessionStore;
  /** Default: the global `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
  /** Only on a server: identifies it, and the user whose request it carries out. */
  proxy?: Proxy;
  /** Seconds before the end of an access token from which it is refreshed. Default: 60. */
  refreshIn?: number;
  /** The longest wait before a retry, in seconds. An error that asks for more is thrown at once. Default: 5. */
  maxWait?: number;
}

export interface Client extends Calls {
  auth: Auth;
  /** Iterate over a list that comes in pages. */
  pages: List;
  /** The same client with the types of openapi-fetch, for libraries on top of it, such as openapi-react-query. */
  openapiFetch: FetchClient<QueryPaths>;
}

const VERBS = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"] as const;
// API Gateway answers within 30 seconds. A refresh that hangs would keep all tabs waiting.
const REFRESH_TIMEOUT = 30_000;

/** Create a client. It needs no closing, and opens nothing before its first call. */
export function createClient(options: ClientOptions): Client {
  const { baseUrl, session = memoryStore(), refreshIn = 60, maxWait = 5, proxy } = options;
  const fetch = options.fetch ?? ((request) => globalThis.fetch(request));
  const keeper = new SessionKeeper(session, refreshIn, async (refreshToken) => {
    const signal = AbortSignal.timeout(REFRESH_TIMEOUT);
    try {
      return (await apiUnderLock.POST("/api/auth/refresh", { body: { refreshToken }, signal })).data;
    } catch (error) {
      throw signal.aborted ? new NetworkError(error) : error;
    }
  });
  const sendOptions: SendOptions = { keeper, fetch, maxWait, proxy };
  const core = createFetchClient<paths>({ baseUrl });
  const api = callsOf(core, sendOptions, false);
  const apiUnderLock = callsOf(core, sendOptions, true);
  return {
    ...api,
    auth: authOf(keeper, api, apiUnderLock, baseUrl),
    pages: pagesOf(api.GET),
    openapiFetch: api as unknown as FetchClient<QueryPaths>,
  };
}

/** openapi-fetch's call without its types, which depend on the path. */
type Untyped = (
  path: string,
  init: { fetch: (request: Request) => Promise<Response> },
) => Promise<{ data?: unknown; response: Response }>;

function callsOf(core: ReturnType<typeof createFetchClient<paths>>, options: SendOptions, holdsLock: boolean): Calls {
  const call = (verb: (typeof VERBS)[number]) => async (path: string, init?: object): Promise<Result<unknown>> => {
    let isAnswered = false;
    const fetch = async (request: Request) => {
      const response = await send(request, { operation: `${verb} ${path}`, holdsLock }, options);
      isAnswered = true;
      return response;
    };
    try {
      const { data, response } = await (core[verb] as unknown as Untyped)(path, { ...init, fetch });
      return { data, response, etag: response.headers.get("ETag") ?? undefined };
    } catch (error) {
      // The connection was lost within the body, or the body is not the API's.
      if (isAnswered && (error instanceof TypeError || error instanceof SyntaxError)) throw new NetworkError(error);
      throw error;
    }
  };
  const calls = Object.fromEntries(VERBS.map((verb) => [verb, call(verb)]));
  const request = (method: string, path: string, init?: object) => calls[method.toUpperCase()]?.(path, init);
  return { ...calls, request, use: core.use, eject: core.eject } as unknown as Calls;
}

