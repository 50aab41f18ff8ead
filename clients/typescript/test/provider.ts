/** A person at the runner's local provider, with a browser that has cookies and follows redirects. */
import { inject } from "vitest";

export interface Person {
  email: string;
  name?: string;
  verified?: "yes";
}

/** Go where `url` leads, say who one is, and return what `/auth/callback` gets: `code` and `next`, or `error`. */
export async function atProvider(url: string, person: Person | { cancel: "yes" }): Promise<Record<string, string>> {
  const cookies: string[] = [];
  const open = async (address: string, init: RequestInit = {}): Promise<Response> => {
    const response = await fetch(address, { ...init, redirect: "manual", headers: { Cookie: cookies.join("; ") } });
    cookies.push(...response.headers.getSetCookie().map((cookie) => cookie.split(";")[0] ?? ""));
    const next = response.headers.get("Location");
    if (!next) return response;
    // The front end does not run.
    return next.includes("/auth/callback") ? Response.redirect(next) : open(next);
  };
  const page = await open(url);
  const fields = [...(await page.text()).matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  if (!fields.length) throw new Error(`there is no form: ${page.status}`);
  const hidden = fields.map(([, name = "", value = ""]) => [name, value]);
  const body = new URLSearchParams({ ...Object.fromEntries(hidden), ...person });
  const landed = await open(`${inject("url")}/_local/openid/authorize`, { method: "POST", body });
  return Object.fromEntries(new URL(landed.headers.get("Location") ?? "").searchParams);
}
