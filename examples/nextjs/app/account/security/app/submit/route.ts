import { ApiError } from "lambda-api-routes-client";
import { action, type Done } from "@/lib/action";
import { faultOf } from "@/lib/proofs";
import { drop, keep, kept } from "@/lib/secrets";

const SECURITY = "/account/security";
const PAGE = `${SECURITY}/app`;
const TOO_LATE: Done = { to: SECURITY, fault: "The app was not confirmed within ten minutes. Add it again." };

export const POST = action(PAGE, {
  async confirm({ form, client, jar }) {
    const userId = client.auth.session()?.user.id ?? "";
    const app = kept(jar, "new-app", userId);
    if (!app) return TOO_LATE;
    try {
      const { recoveryCodes } = await client.auth.factors.confirm(app.id, { code: form("code") });
      drop(jar, "new-app");
      if (!recoveryCodes) return { to: SECURITY, notice: `${app.name} is added.` };
      keep(jar, "recovery-codes", { userId, codes: recoveryCodes });
      return { to: `${SECURITY}/recovery-codes`, notice: `${app.name} is added. A sign-in now needs its code, too.` };
    } catch (error) {
      const code = error instanceof ApiError ? error.code : "";
      if (code === "factor_not_found") {
        drop(jar, "new-app");
        return TOO_LATE;
      }
      return { to: PAGE, ...faultOf(error, "totp"), verb: "confirm" };
    }
  },

  async cancel({ jar }) {
    drop(jar, "new-app");
    return { to: SECURITY };
  },
});
