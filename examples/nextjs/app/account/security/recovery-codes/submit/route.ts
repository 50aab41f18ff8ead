import { action } from "@/lib/action";
import { drop } from "@/lib/secrets";

export const POST = action("/account/security/recovery-codes", {
  async stored({ jar }) {
    drop(jar, "recovery-codes");
    return { to: "/account/security" };
  },
});
