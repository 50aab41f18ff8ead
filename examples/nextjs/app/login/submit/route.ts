import { ApiError } from "lambda-api-routes-client";
import { action } from "@/lib/action";
import { assertionIn } from "@/lib/passkeys";
import { keepSecondStep } from "@/lib/secrets";
import { safeNext, withQuery } from "@/lib/urls";

export const POST = action((form) => withQuery("/login", { next: form("next") }), {
  async signIn({ form, client, jar }) {
    const result = await client.auth.signIn({ email: form("email"), password: form("password") });
    if (!("mfa" in result)) return { to: safeNext(form("next")) };
    return { to: keepSecondStep(jar, result.mfa, form("next")) };
  },

  async passkey({ form, client }) {
    try {
      await client.auth.signInWithPasskey({ credential: assertionIn(form) });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "invalid_credentials") throw error;
      return { to: withQuery("/login", { next: form("next") }), fault: "No account has this passkey, or it took too long." };
    }
    return { to: safeNext(form("next")) };
  },
});
