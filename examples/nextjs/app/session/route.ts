import type { NextRequest } from "next/server";
import { seeOther, unavailable } from "@/lib/action";
import { Jar, refresh } from "@/lib/api";
import { safeNext } from "@/lib/urls";

/**
 * Refresh a session whose access token the API has rejected, and go back. If the session has ended, this deletes its cookies,
 * and proxy.ts then asks for a sign-in. Pages redirect here because they cannot delete cookies.
 */
export async function GET(request: NextRequest): Promise<Response> {
  const jar = new Jar(request);
  try {
    await refresh(jar, request.headers, Number.POSITIVE_INFINITY);
  } catch (error) {
    return unavailable(error);
  }
  return jar.addTo(seeOther(safeNext(request.nextUrl.searchParams.get("next"))));
}
