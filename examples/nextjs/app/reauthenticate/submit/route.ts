import { action } from "@/lib/action";
import { safeNext, withQuery } from "@/lib/urls";

export const POST = action((form) => withQuery("/reauthenticate", { next: form("next") }), {
  async prove({ form, client }) {
    await client.auth.reauthenticate({ password: form("password") });
    return { to: safeNext(form("next")) };
  },
});
