import { action } from "@/lib/action";
import { withQuery } from "@/lib/urls";

export const POST = action((form) => withQuery("/verify-email", { token: form("token") }), {
  async verify({ form, client }) {
    const token = form("token");
    const proof = token ? { token } : { email: form("email"), code: form("code") };
    const verified = await client.auth.verifyEmail({ ...proof, password: form("password") });
    // A link may also concern an existing account's address.
    if (!("user" in verified)) return { to: "/", notice: verified.message };
    return { to: "/account", notice: `Welcome, ${verified.user.name}. Your address is confirmed.` };
  },

  async resend({ form, client }) {
    const email = form("email");
    const { message } = await client.auth.resendVerification({ email });
    return { to: "/verify-email", notice: message, values: { email } };
  },
});
