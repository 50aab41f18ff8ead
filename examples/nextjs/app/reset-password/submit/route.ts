import { action } from "@/lib/action";
import { withQuery } from "@/lib/urls";

export const POST = action((form) => withQuery("/reset-password", { token: form("token") }), {
  async save({ form, client }) {
    await client.auth.resetPassword({ token: form("token"), password: form("password") });
    return { to: "/login", notice: "Your password is saved. Sign in with it." };
  },
});
