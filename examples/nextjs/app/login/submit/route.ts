import { action } from "@/lib/action";
import { safeNext, withQuery } from "@/lib/urls";

export const POST = action((form) => withQuery("/login", { next: form("next") }), {
  async signIn({ form, client }) {
    await client.auth.signIn({ email: form("email"), password: form("password") });
    return { to: safeNext(form("next")) };
  },
});
