/** Reads for pages: from the API, with the browser's session, and the messages of form handlers. */
import { ApiError, type Client, NetworkError } from "lambda-api-routes-client";
import { cookieStore, requestCookies } from "lambda-api-routes-client/server";
import { headers } from "next/headers";
import { notFound, redirect } from "next/navigation";
import { clientFor, cookieOptions } from "./api";
import { decode, type Flash, flashName } from "./flash";
import { kept, type Secrets } from "./secrets";
import { proofPage, withQuery } from "./urls";

/** Return a client with the cookies that the browser has sent: not those that proxy.ts has just set. */
export async function api(): Promise<Client> {
  const sent = await headers();
  return clientFor(sent, cookieStore(requestCookies(sent.get("cookie")), cookieOptions));
}

/** Read from the API for a page. Redirects if the session has ended, or if the API asks for another proof. */
export async function read<Result>(page: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  try {
    return await work(await api());
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) redirect(withQuery("/session", { next: page }));
    if (error.code === "reauthentication_required") redirect(proofPage(page, error.methods));
    if (error.status === 403 || error.status === 404) notFound();
    throw error;
  }
}

/** Return the providers that the API is configured for. Without an answer, other ways to sign in are there. */
export async function providersOf(client: Client): Promise<Awaited<ReturnType<Client["auth"]["listProviders"]>>> {
  try {
    return await client.auth.listProviders();
  } catch (error) {
    if (error instanceof ApiError || error instanceof NetworkError) return [];
    throw error;
  }
}

/** Return the message that a form's handler has left for this page. */
export async function flashOf(page: string): Promise<Flash> {
  return decode(requestCookies((await headers()).get("cookie")).get(flashName(page)));
}

/** Return a secret that a form's handler has left, if it is this user's. */
export async function secretOf<Name extends keyof Secrets>(name: Name): Promise<Secrets[Name] | undefined> {
  return kept(requestCookies((await headers()).get("cookie")), name, (await api()).auth.session()?.user.id);
}
