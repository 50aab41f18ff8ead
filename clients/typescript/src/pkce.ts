/**
 * The code verifier of a sign-in with a provider (RFC 7636): only who has it can redeem the code of `/auth/callback`.
 *
 * A browser keeps it in the tab's sessionStorage, which survives the way to the provider and back, together with the page
 * to continue at: whoever made the link to `/auth/callback` may have written its `next`. A server keeps what it gets in a
 * cookie of the browser.
 */
import { newKey } from "./send.js";

const KEY = "lambda-api-routes-provider";
const URL_SAFE: Record<string, string> = { "+": "-", "/": "_" };

/** A sign-in with a provider that has begun. */
export interface ProviderFlow {
  codeVerifier: string;
  next: string;
}

/** Begin a flow, and keep it. Returns it with the challenge for the API. */
export async function newFlow(next = "/"): Promise<ProviderFlow & { codeChallenge: string }> {
  const codeVerifier = newKey() + newKey();
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(codeVerifier));
  const text = btoa(String.fromCharCode(...new Uint8Array(digest)));
  inTab((tab) => tab.setItem(KEY, JSON.stringify({ codeVerifier, next })));
  return { codeVerifier, next, codeChallenge: text.replace(/[+/=]/g, (letter) => URL_SAFE[letter] ?? "") };
}

/** Return the tab's flow, if there is one. */
export const currentFlow = () =>
  Object(inTab((tab) => JSON.parse(tab.getItem(KEY) ?? "{}"))) as Partial<ProviderFlow>;

export const forgetFlow = () => inTab((tab) => tab.removeItem(KEY));

/** Use the tab's storage, if there is one. All users of a server would share Node's. */
function inTab<Result>(use: (tab: Storage) => Result): Result | undefined {
  try {
    return use((document.defaultView as Window).sessionStorage);
  } catch {
    // There is none, or the browser blocks it. What `newFlow` returns can be kept elsewhere.
    return undefined;
  }
}
