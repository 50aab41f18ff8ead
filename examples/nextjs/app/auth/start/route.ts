/**
 * Sends the browser to a provider: `/auth/start?provider=google&next=/notes`, with `link` to add it to the account.
 *
 * Reached by links, not by forms: the Content-Security-Policy's `form-action` applies to where a form's response redirects,
 * and providers are elsewhere. It changes nothing yet, but another site's link would replace the verifier of a sign-in that
 * has begun, so browsers that say where they come from must come from here.
 */
import { ApiError, NetworkError } from "lambda-api-routes-client";
import { cookieStore } from "lambda-api-routes-client/server";
import type { NextRequest } from "next/server";
import { seeOther } from "@/lib/action";
import { clientFor, cookieOptions, Jar } from "@/lib/api";
import { encode, flashAttributes, flashName } from "@/lib/flash";
import { keep } from "@/lib/secrets";
import { proofPage, safeNext, withQuery } from "@/lib/urls";

// Seconds. As long as the API waits for the browser, and then for the link in an email.
const TWENTY_MINUTES = 1200;

export async function GET(request: NextRequest): Promise<Response> {
  const given = request.nextUrl.searchParams;
  const provider = given.get("provider") ?? "";
  const isLink = given.has("link");
  const next = safeNext(given.get("next"));
  const back = isLink ? "/account/security" : withQuery("/login", { next: given.get("next") ?? "" });
  if ((request.headers.get("sec-fetch-site") ?? "same-origin") !== "same-origin") return seeOther(back);
  const jar = new Jar(request);
  const { auth } = clientFor(request.headers, cookieStore(jar, cookieOptions));
  try {
    const begin = isLink ? auth.identities.link : auth.startProviderSignIn;
    const { url, codeVerifier } = await begin({ provider, next });
    keep(jar, "provider-flow", { codeVerifier, next, isLink }, TWENTY_MINUTES);
    return jar.addTo(seeOther(url));
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof NetworkError)) throw error;
    if (error instanceof ApiError && error.code === "reauthentication_required") {
      return seeOther(proofPage(back, error.methods));
    }
    if (error instanceof ApiError && error.status === 401) return seeOther(withQuery("/session", { next: back }));
    const fault = error instanceof ApiError ? error.message : "The service cannot be reached. Try again in a moment.";
    jar.set(flashName(back), encode({ fault }), flashAttributes);
    return jar.addTo(seeOther(back));
  }
}
