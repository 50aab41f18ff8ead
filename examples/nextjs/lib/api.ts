/** The client of the API, for one request: with the cookies and the address of the browser that sent it. */
import { type Client, createClient, type Proxy, type SessionStore } from "lambda-api-routes-client";
import { type CookieAttributes, type Cookies, refreshIfNeeded } from "lambda-api-routes-client/server";
import type { NextRequest, NextResponse } from "next/server";
import { API_URL, CLIENT_ADDRESS_HEADER, PROXY_KEY, REFRESH_IN, SECURE } from "./settings";

/** The cookies of a request, and those to set in its response. */
export class Jar implements Cookies {
  readonly #changes: ({ name: string; value: string } & CookieAttributes)[] = [];

  constructor(private readonly request: NextRequest) {}

  get(name: string): string | undefined {
    return this.request.cookies.get(name)?.value;
  }

  set(name: string, value: string, attributes: CookieAttributes): void {
    this.#changes.push({ name, value, ...attributes });
  }

  addTo<Response extends NextResponse>(response: Response): Response {
    for (const change of this.#changes) response.cookies.set(change);
    return response;
  }
}

// Milliseconds. The API answers within seconds, or not at all.
const API_TIMEOUT = 10_000;

export const cookieOptions = { secure: SECURE };

/** Return a client. One with a store of cookies never refreshes: see `refresh`. */
export function clientFor(headers: Headers, session: SessionStore): Client {
  return createClient({ ...optionsFor(headers), session });
}

/**
 * Refresh the session if its access token ends within these seconds. Only proxy.ts and route handlers call this, because
 * pages cannot set cookies. The request in hand keeps the token that it came with.
 */
export function refresh(jar: Jar, headers: Headers, refreshIn = REFRESH_IN): ReturnType<typeof refreshIfNeeded> {
  return refreshIfNeeded(jar, { ...optionsFor(headers), ...cookieOptions, refreshIn });
}

function optionsFor(headers: Headers) {
  const proxy = proxyFor(headers);
  return {
    baseUrl: API_URL,
    // What is for one user must not be cached for another.
    fetch: (request: Request) => fetch(request, { cache: "no-store", signal: AbortSignal.any([request.signal, timeout()]) }),
    ...(proxy && { proxy }),
  };
}

/** Return a signal that ends a call to an API that hangs. */
export function timeout(): AbortSignal {
  return AbortSignal.timeout(API_TIMEOUT);
}

function proxyFor(headers: Headers): Proxy | undefined {
  const clientIp = CLIENT_ADDRESS_HEADER && headers.get(CLIENT_ADDRESS_HEADER);
  return clientIp ? { key: PROXY_KEY, clientIp, userAgent: headers.get("user-agent") ?? "" } : undefined;
}
