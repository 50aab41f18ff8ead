import { ApiError } from "lambda-api-routes-client";
import { action, type Form, type Verb } from "@/lib/action";
import { faultOf, type KnownProof, proofIn } from "@/lib/proofs";
import { drop, keepEmailRequest, kept } from "@/lib/secrets";
import { proofPage, safeNext, withQuery } from "@/lib/urls";

const page = (form: Form) => withQuery("/reauthenticate", { next: form("next"), methods: form("methods") });

/** Return the verb that renews the session with this proof. */
function prove(method: KnownProof): Verb {
  return async ({ form, client, jar }) => {
    try {
      await client.auth.reauthenticate(proofIn({ form, jar }, method));
    } catch (error) {
      if (error instanceof ApiError && error.code === "reauthentication_required") {
        // The account has got a factor, or lost its last one, since the page was shown.
        return { to: proofPage(form("next"), error.methods), fault: "Your account needs another proof." };
      }
      return { to: page(form), ...faultOf(error, method) };
    }
    if (method === "email") drop(jar, "email-request");
    return { to: safeNext(form("next")) };
  };
}

const proveByEmail = prove("email");

export const POST = action(page, {
  credential: prove("passkey"),
  password: prove("password"),
  code: prove("totp"),
  recoveryCode: prove("recovery_code"),

  async mail({ form, client, jar }) {
    const { email } = (await client.GET("/api/auth/me")).data.data.user;
    // The link, which signs in, works in this browser only.
    const { request } = await client.auth.requestSignInEmail({ email, bound: true });
    keepEmailRequest(jar, { request, email });
    return { to: page(form) };
  },

  async mailCode(context) {
    if (kept(context.jar, "email-request", undefined)) return proveByEmail(context);
    return { to: page(context.form), fault: "The code is too old. Ask for another email." };
  },
});
