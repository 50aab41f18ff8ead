import { action } from "@/lib/action";

const PAGE = "/account/security";

export const POST = action(PAGE, {
  async changePassword({ form, client }) {
    await client.auth.changePassword({ currentPassword: form("currentPassword"), newPassword: form("newPassword") });
    return { to: PAGE, notice: "Your password is changed. All other sessions are ended." };
  },

  async changeEmail({ form, client }) {
    // Without a password, the API may ask for another proof.
    const { message } = await client.auth.changeEmail({ newEmail: form("newEmail"), password: form("password") || null });
    return { to: PAGE, notice: message };
  },
});
