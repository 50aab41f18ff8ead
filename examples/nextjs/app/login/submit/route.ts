import { action } from "@/lib/action";
import { keep } from "@/lib/secrets";
import { safeNext, withQuery } from "@/lib/urls";

export const POST = action((form) => withQuery("/login", { next: form("next") }), {
  async signIn({ form, client, jar }) {
    const result = await client.auth.signIn({ email: form("email"), password: form("password") });
    if (!("mfa" in result)) return { to: safeNext(form("next")) };
    const { token, methods, expiresIn } = result.mfa;
    keep(jar, "second-step", { token, methods }, expiresIn);
    return { to: withQuery("/login/second-step", { next: form("next") }) };
  },
});
