import { ApiError, type Client, type MailboxProof } from "lambda-api-routes-client";
import type { Cookies } from "lambda-api-routes-client/server";
import { action, type Done, type Form } from "@/lib/action";
import { drop, keepEmailRequest, keepSecondStep, kept } from "@/lib/secrets";
import { safeNext, withQuery } from "@/lib/urls";

const PAGE = "/login/email";

const page = (form: Form) => withQuery(PAGE, { next: form("next"), token: form("token") });

/** Sign in with a link or a code, or go on with the second step. */
async function verify(proof: MailboxProof, form: Form, client: Client, jar: Cookies): Promise<Done> {
  const result = await client.auth.verifySignInEmail(proof);
  drop(jar, "email-request");
  return { to: "mfa" in result ? keepSecondStep(jar, result.mfa, form("next")) : safeNext(form("next")) };
}

export const POST = action(page, {
  async ask({ form, client, jar }) {
    const [email, name] = [form("email"), form("name")];
    const { request } = await client.auth.requestSignInEmail({ email, ...(name && { name }) });
    keepEmailRequest(jar, { request, email });
    return { to: page(form) };
  },

  async follow({ form, client, jar }) {
    const asked = kept(jar, "email-request", undefined);
    try {
      return await verify({ token: form("token"), ...(asked && { request: asked.request }) }, form, client, jar);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "registration_required") throw error;
      const fault = "This link opens a new account, but only in the browser that asked for it. Open it there, or enter its code there.";
      return { to: page(form), fault, code: error.code };
    }
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
