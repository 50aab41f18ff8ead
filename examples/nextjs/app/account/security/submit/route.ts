import { ApiError } from "lambda-api-routes-client";
import { action } from "@/lib/action";
import { newCredentialIn } from "@/lib/passkeys";
import { keep } from "@/lib/secrets";

const PAGE = "/account/security";

export const POST = action(PAGE, {
  async changePassword({ form, client }) {
    await client.auth.changePassword({ currentPassword: form("currentPassword"), newPassword: form("newPassword") });
    return { to: PAGE, notice: "Your password is changed. All other sessions are ended." };
  },

  async setPassword({ form, client }) {
    try {
      await client.auth.changePassword({ newPassword: form("newPassword") });
    } catch (error) {
      if (!(error instanceof ApiError) || !("currentPassword" in error.errors)) throw error;
      return { to: PAGE, fault: "Your account has a password. Change it with the current one." };
    }
    return { to: PAGE, notice: "Your password is set. All other sessions are ended." };
  },

  async changeEmail({ form, client }) {
    // Without a password, the API may ask for another proof.
    const { message } = await client.auth.changeEmail({ newEmail: form("newEmail"), password: form("password") || null });
    return { to: PAGE, notice: message };
  },

  async addApp({ form, client, jar }) {
    const name = form("appName");
    const { id, secret, uri } = await client.auth.factors.enrollTotp({ name });
    const userId = client.auth.session()?.user.id ?? "";
    keep(jar, "new-app", { userId, id, name, secret, uri });
    return { to: `${PAGE}/app` };
  },

  async addPasskey({ form, client, jar }) {
    const name = form("passkeyName");
    const body = { credential: newCredentialIn(form), ...(name && { name }) };
    const { recoveryCodes, name: named } = (await client.POST("/api/auth/passkeys", { body })).data.data;
    const notice = `The passkey ${named} is added.`;
    if (!recoveryCodes) return { to: PAGE, notice };
    keep(jar, "recovery-codes", { userId: client.auth.session()?.user.id ?? "", codes: recoveryCodes });
    return { to: `${PAGE}/recovery-codes`, notice };
  },

  async renameFactor({ form, client }) {
    const { name } = await client.auth.factors.rename(form("id"), { name: form("name") });
    return { to: PAGE, notice: `It is now called ${name}.` };
  },

  async removeFactor({ form, client }) {
    await client.auth.factors.remove(form("id"));
    return { to: PAGE, notice: "It is removed." };
  },

  async unlink({ form, client }) {
    await client.auth.identities.remove(form("id"));
    return { to: PAGE, notice: "The account is unlinked." };
  },

  async renewCodes({ client, jar }) {
    const codes = await client.auth.renewRecoveryCodes();
    keep(jar, "recovery-codes", { userId: client.auth.session()?.user.id ?? "", codes });
    return { to: `${PAGE}/recovery-codes` };
  },
});
