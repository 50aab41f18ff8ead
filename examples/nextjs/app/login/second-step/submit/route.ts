import { ApiError } from "lambda-api-routes-client";
import { action, type Form, type Verb } from "@/lib/action";
import { faultOf, type KnownProof, proofIn } from "@/lib/proofs";
import { drop, kept } from "@/lib/secrets";
import { safeNext, withQuery } from "@/lib/urls";

const page = (form: Form) => withQuery("/login/second-step", { next: form("next") });

/** Return the verb that completes the sign-in with this proof. */
function complete(method: Exclude<KnownProof, "password" | "email">): Verb {
  return async ({ form, client, jar }) => {
    const startAgain = () => {
      drop(jar, "second-step");
      return { to: withQuery("/login", { next: form("next") }), fault: "The second step took too long. Sign in again." };
    };
    const step = kept(jar, "second-step", undefined);
    if (!step) return startAgain();
    try {
      await client.auth.verifyMfa({ token: step.token, ...proofIn({ form, jar }, method) });
    } catch (error) {
      if (error instanceof ApiError && error.code === "invalid_mfa_token") return startAgain();
      return { to: page(form), ...faultOf(error, method) };
    }
    drop(jar, "second-step");
    return { to: safeNext(form("next")) };
  };
}

export const POST = action(page, {
  credential: complete("passkey"),
  code: complete("totp"),
  recoveryCode: complete("recovery_code"),
});
