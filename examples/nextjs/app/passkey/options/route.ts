/** The options for passkeys: for a page's script, which does not reach the API itself. */
import { ApiError, NetworkError } from "lambda-api-routes-client";
import { cookieStore } from "lambda-api-routes-client/server";
import { type NextRequest, NextResponse } from "next/server";
import { isOurs, plain } from "@/lib/action";
import { clientFor, cookieOptions, Jar, refresh } from "@/lib/api";
import { proofPage } from "@/lib/urls";

/** Where to go instead of a ceremony, or what is wrong. */
export type Refusal = { goTo: string } | { fault: string };

export async function POST(request: NextRequest): Promise<Response> {
  if (!isOurs(request)) return plain(403, "This request is of another site.");
  const isNew = request.nextUrl.searchParams.get("for") === "create";
  const page = "/account/security";
  const jar = new Jar(request);
  const answer = (body: Refusal, status: number) => jar.addTo(NextResponse.json(body, { status }));
  try {
    if (isNew && (await refresh(jar, request.headers, 0)) === "reload") return answer({ goTo: page }, 409);
    const client = clientFor(request.headers, cookieStore(jar, cookieOptions));
    const call = isNew ? client.POST("/api/auth/passkeys/options") : client.POST("/api/auth/login/passkey/options");
    return jar.addTo(NextResponse.json((await call).data));
  } catch (error) {
    if (error instanceof NetworkError) return answer({ fault: "The service cannot be reached. Try again in a moment." }, 503);
    if (!(error instanceof ApiError)) throw error;
    const goTo = error.code === "reauthentication_required" ? proofPage(page, error.methods) : undefined;
    return answer(goTo ? { goTo } : { fault: error.message }, error.status);
  }
}
