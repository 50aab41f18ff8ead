/** Runs before every page: refreshes the session, protects pages, and sets the security headers. */
import { randomBytes } from "node:crypto";
import { cookieStore } from "lambda-api-routes-client/server";
import { type NextRequest, NextResponse } from "next/server";
import { isValid } from "./lib/access-token";
import { unavailable } from "./lib/action";
import { cookieOptions, Jar, refresh } from "./lib/api";
import { flashAttributes, flashName } from "./lib/flash";
import { API_URL, APP_URL } from "./lib/settings";
import { withQuery } from "./lib/urls";

// Static files have nothing to protect.
export const config = { matcher: "/((?!_next/static/|icon\\.svg$).*)" };

const HANDLERS = /\/submit$|^\/(logout|passkey\/options)$/;
const PROTECTED = /^\/(account|admin|notes|reauthenticate)(\/|$)/;

export async function proxy(request: NextRequest): Promise<NextResponse> {
  const policy = contentSecurityPolicy(randomBytes(16).toString("base64"));
  const jar = new Jar(request);
  // A form's handler refreshes by itself (`lib/action.ts`): cookies that are set here could undo its sign-out. Handlers need
  // no protection here: the API checks the session of every call.
  const isForm = request.method !== "GET" && request.method !== "HEAD";
  // A form of another site, sent to a page, would be shown that page as if nobody were signed in.
  if (isForm && !HANDLERS.test(request.nextUrl.pathname)) return new NextResponse(null, { status: 405, headers: { Allow: "GET, HEAD" } });
  const response = (isForm ? undefined : await redirectOrError(request, jar)) ?? passOn(request, jar, policy, isForm);
  response.headers.set("Content-Security-Policy", policy);
  response.headers.set("X-Content-Type-Options", "nosniff");
  // Not `no-referrer`, with which a browser would not say where a form comes from.
  response.headers.set("Referrer-Policy", "same-origin");
  response.headers.set("Cache-Control", "private, no-store");
  if (APP_URL.startsWith("https:")) response.headers.set("Strict-Transport-Security", "max-age=31536000");
  return jar.addTo(response);
}

/** Return the response of a request that must be repeated or may not see the page, or else undefined. */
async function redirectOrError(request: NextRequest, jar: Jar): Promise<NextResponse | undefined> {
  const { pathname, search } = request.nextUrl;
  const isProtected = PROTECTED.test(pathname);
  const goTo = (path: string) => NextResponse.redirect(new URL(path, APP_URL), 307);
  try {
    const outcome = await refresh(jar, request.headers);
    if (outcome === "reload") return goTo(pathname + search);
    if (!isProtected) return undefined;
    const token = outcome === "ended" ? undefined : cookieStore(jar, cookieOptions).read().session?.token;
    if (token && (await isValid(token))) return undefined;
    return goTo(withQuery("/login", { next: pathname + search }));
  } catch (error) {
    const response = unavailable(error);
    return isProtected ? response : undefined;
  }
}

function passOn(request: NextRequest, jar: Jar, policy: string, isForm: boolean): NextResponse {
  const flash = flashName(request.nextUrl.pathname);
  if (!isForm && jar.get(flash)) jar.set(flash, "", { ...flashAttributes, maxAge: 0 });
  const headers = new Headers(request.headers);
  // From this, Next.js takes the nonce for its scripts.
  headers.set("Content-Security-Policy", policy);
  return NextResponse.next({ request: { headers } });
}

function contentSecurityPolicy(nonce: string): string {
  // In development, React uses `eval`, and Next.js adds styles and a socket.
  const isDevelopment = process.env.NODE_ENV === "development";
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'${isDevelopment ? " 'unsafe-eval'" : ""}`,
    `style-src 'self'${isDevelopment ? " 'unsafe-inline'" : ""}`,
    "img-src 'self'",
    "font-src 'self'",
    `connect-src 'self'${isDevelopment ? " ws:" : ""}`,
    // The contact form goes straight to the API.
    `form-action 'self' ${new URL(API_URL).origin}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
