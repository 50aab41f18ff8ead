import { action } from "@/lib/action";

export const POST = action("/register", {
  async register({ form, client }) {
    const email = form("email");
    const { message } = await client.auth.register({ name: form("name"), email, password: form("password") });
    return { to: "/verify-email", notice: message, values: { email } };
  },
});
