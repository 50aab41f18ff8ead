import { action } from "@/lib/action";

export const POST = action("/forgot-password", {
  async send({ form, client }) {
    const { message } = await client.auth.forgotPassword({ email: form("email") });
    return { to: "/forgot-password", notice: message };
  },
});
