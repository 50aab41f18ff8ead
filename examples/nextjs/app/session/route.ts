import { cookieStore } from "lambda-api-routes-client/server";
import type { NextRequest } from "next/server";
import { seeOther, unavailable } from "@/lib/action";
import { cookieOptions, Jar, refresh } from "@/lib/api";
import { flashAttributes } from "@/lib/flash";
import { PREFIX } from "@/lib/settings";
import { safeNext } from "@/lib/urls";

// Says that the token is seconds old. Otherwise a page and this handler might redirect to each other for ever.
const RENEWED = `${PREFIX}token-renewed`;

/**
 * Refresh a session whose access token the API has rejected, and go back. If the session has ended, this deletes its cookies,
 * and proxy.ts then asks for a sign-in. Pages redirect here because they cannot delete cookies.
 */
export async function GET(request: NextRequest): Promise<Response> {
  const jar = new Jar(request);
  try {
    if (jar.get(RENEWED)) {
      // The API rejects the new token, too.
      const store = cookieStore(jar, cookieOptions);
      store.write({ ...store.read(), session: undefined });
    } else if ((await refresh(jar, request.headers, Number.POSITIVE_INFINITY)) !== "ended") {
      jar.set(RENEWED, "1", { ...flashAttributes, maxAge: 10 });
    }
  } catch (error) {
    return unavailable(error);
  }
  return jar.addTo(seeOther(safeNext(request.nextUrl.searchParams.get("next"))));
}
