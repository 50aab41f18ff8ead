import { ApiError } from "lambda-api-routes-client";
import { action, type Form, type Verb } from "@/lib/action";
import { faultOf, type KnownProof, proofIn } from "@/lib/proofs";
import { proofPage, safeNext, withQuery } from "@/lib/urls";

const page = (form: Form) => withQuery("/reauthenticate", { next: form("next"), methods: form("methods") });

/** Return the verb that renews the session with this proof. */
function prove(method: KnownProof): Verb {
  return async ({ form, client }) => {
    try {
      await client.auth.reauthenticate(proofIn(form, method));
    } catch (error) {
      if (error instanceof ApiError && error.code === "reauthentication_required") {
        // The account has got a factor, or lost its last one, since the page was shown.
        return { to: proofPage(form("next"), error.methods), fault: "Your account needs another proof." };
      }
      return { to: page(form), ...faultOf(error, method) };
    }
    return { to: safeNext(form("next")) };
  };
}

export const POST = action(page, {
  credential: prove("passkey"),
  password: prove("password"),
  code: prove("totp"),
  recoveryCode: prove("recovery_code"),
});
