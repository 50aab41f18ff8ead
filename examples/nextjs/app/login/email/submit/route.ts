import type { Client, MailboxProof } from "lambda-api-routes-client";
import type { Cookies } from "lambda-api-routes-client/server";
import { action, type Done, type Form } from "@/lib/action";
import { drop, keep, keepSecondStep, kept } from "@/lib/secrets";
import { safeNext, withQuery } from "@/lib/urls";

const PAGE = "/login/email";
// Seconds. As long as the API keeps a request.
const TWENTY_MINUTES = 1200;

const page = (form: Form) => withQuery(PAGE, { next: form("next"), token: form("token") });

/** Sign in with a link or a code, or go on with the second step. */
async function verify(proof: MailboxProof, form: Form, client: Client, jar: Cookies): Promise<Done> {
  const result = await client.auth.verifySignInEmail(proof);
  drop(jar, "email-request");
  return { to: "mfa" in result ? keepSecondStep(jar, result.mfa, form("next")) : safeNext(form("next")) };
}

export const POST = action(page, {
  async ask({ form, client, jar }) {
    const email = form("email");
    const { request } = await client.auth.requestSignInEmail({ email });
    keep(jar, "email-request", { request, email }, TWENTY_MINUTES);
    return { to: page(form) };
  },

  follow({ form, client, jar }) {
    const asked = kept(jar, "email-request", undefined);
    return verify({ token: form("token"), ...(asked && { request: asked.request }) }, form, client, jar);
  },

  async enter({ form, client, jar }) {
    const asked = kept(jar, "email-request", undefined);
    if (!asked) return { to: page(form), fault: "The code is too old. Ask for another email." };
    return verify({ request: asked.request, code: form("code") }, form, client, jar);
  },

  forget({ form, jar }) {
    drop(jar, "email-request");
    return Promise.resolve({ to: page(form) });
  },
});
