/**
 * Handles the forms of a page: `export const POST = action("/login", { signIn: … })`.
 *
 * Threats. Another site's page posts a form with the user's cookies. SameSite=Lax withholds them from other sites, but not
 * from other subdomains of this one, so the Origin must be ours. Every change goes through here.
 */
import { ApiError, type Client, NetworkError, type SessionStore } from "lambda-api-routes-client";
import { cookieStore, type Cookies } from "lambda-api-routes-client/server";
import { type NextRequest, NextResponse } from "next/server";
import { clientFor, cookieOptions, Jar, refresh } from "./api";
import { encode, type Flash, flashAttributes, flashName } from "./flash";
import { APP_URL } from "./settings";
import { proofPage, withQuery } from "./urls";

/** Returns what was typed into a field, empty if it is missing. */
export type Form = (name: string) => string;

export interface Context {
  form: Form;
  client: Client;
  store: SessionStore;
  /** The cookies of the request, and those to set. */
  jar: Cookies;
}

/** Where to go, and what to say there. */
export interface Done extends Flash {
  to: string;
}

/** Does what a form asks for. */
export type Verb = (context: Context) => Promise<Done>;

const MAX_BYTES = 64 * 1024;
// The API does not know the session any more, or not this token.
const SIGNED_OUT: ReadonlySet<string> = new Set(["no_token", "invalid_token", "token_expired", "session_ended"]);

/** Return the handler of a page's forms. `page` is the page, or a function that returns it from what was typed. */
export function action(page: string | ((form: Form) => string), verbs: Record<string, Verb>) {
  return async (request: NextRequest): Promise<Response> => {
    if (!isOurs(request)) return plain(403, "This form is of another site.");
    // Browsers always send the length of a form.
    if (!(Number(request.headers.get("content-length") ?? NaN) <= MAX_BYTES)) return plain(413, "The form is too long.");
    const values = await readForm(request);
    const form: Form = (name) => values[name] ?? "";
    const verb = Object.hasOwn(verbs, form("verb")) ? verbs[form("verb")] : undefined;
    if (!verb) return plain(400, "The form is incomplete.");

    const jar = new Jar(request);
    const back = typeof page === "string" ? page : page(form);
    const leave = (to: string, flash?: Flash, forPage = to) => {
      if (flash) jar.set(flashName(forPage), encode(flash), flashAttributes);
      return jar.addTo(seeOther(to));
    };
    try {
      // Refresh only an expired token; pages refresh early. The browser repeats the POST after the 307. A sign-out must not
      // depend on a refresh: the client does what it needs.
      const isStale = form("verb") !== "signOut" && (await refresh(jar, request.headers, 0)) === "reload";
      if (isStale) return jar.addTo(redirectTo(request.nextUrl.pathname, 307));
      const store = cookieStore(jar, cookieOptions);
      const { to, ...flash } = await verb({ form, client: clientFor(request.headers, store), store, jar });
      return leave(to, Object.keys(flash).length ? flash : undefined);
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof NetworkError)) throw error;
      if (error instanceof ApiError && SIGNED_OUT.has(error.code)) return leave(withQuery("/session", { next: back }));
      if (!(error instanceof ApiError) || error.code !== "reauthentication_required") {
        return leave(back, { ...faultsOf(error, values), verb: form("verb"), values });
      }
      // What was typed is still there when the user comes back.
      return leave(proofPage(back, error.methods), { verb: form("verb"), values }, back);
    }
  };
}

/** Return whether a page of this application has sent the request. */
export function isOurs(request: NextRequest): boolean {
  return request.headers.get("origin") === new URL(APP_URL).origin;
}

/** Return a redirect, after a POST, to a page of this application. */
export function seeOther(to: string): NextResponse {
  return redirectTo(to, 303);
}

function redirectTo(to: string, status: number): NextResponse {
  return new NextResponse(null, { status, headers: { Location: to, "Cache-Control": "no-store" } });
}

/** Return a response that is a text. */
export function plain(status: number, text: string, headers?: Record<string, string>): NextResponse {
  return new NextResponse(text, { status, headers: { "Content-Type": "text/plain; charset=utf-8", ...headers } });
}

/** Return the response while the API does not answer. */
export function unavailable(error: unknown): NextResponse {
  console.error("The API cannot be reached:", error instanceof Error ? error.message : error);
  return plain(503, "The service cannot be reached. Try again in a moment.", { "Retry-After": "5" });
}

async function readForm(request: NextRequest): Promise<Record<string, string>> {
  try {
    const entries = [...(await request.formData())];
    return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  } catch {
    return {};
  }
}

/** Return what the page says about the error. */
function faultsOf(error: ApiError | NetworkError, values: Record<string, string>): Flash {
  if (error instanceof NetworkError) return { fault: "The service cannot be reached. Try again in a moment." };
  const { code, retryAfter } = error;
  const faults = Object.entries(error.errors).map(([field, messages]) => [field, messages.join(", ")] as const);
  const areBesideFields = faults.length > 0 && faults.every(([field]) => field in values);
  const wait = retryAfter ? ` Try again in ${retryAfter} seconds.` : "";
  const fault = areBesideFields ? "Check the marked fields." : error.message + wait;
  return { fault, code, faults: Object.fromEntries(faults) };
}
