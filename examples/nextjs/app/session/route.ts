import type { NextRequest } from "next/server";
import { seeOther } from "@/lib/action";
import { Jar, refresh } from "@/lib/api";
import { safeNext } from "@/lib/urls";

/**
 * Find out what has become of a session whose access token the API has rejected: refresh it, which deletes its cookies if
 * it has ended, and go back. Pages cannot delete cookies, so they redirect here. Without cookies, proxy.ts asks to sign in.
 */
export async function GET(request: NextRequest): Promise<Response> {
  const jar = new Jar(request);
  await refresh(jar, request.headers, Number.POSITIVE_INFINITY);
  return jar.addTo(seeOther(safeNext(request.nextUrl.searchParams.get("next"))));
}
