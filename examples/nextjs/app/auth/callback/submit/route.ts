import { action } from "@/lib/action";
import { drop, keepSecondStep, kept } from "@/lib/secrets";
import { safeNext, withQuery } from "@/lib/urls";

const SECURITY = "/account/security";

export const POST = action((form) => withQuery("/auth/callback", { code: form("code"), next: form("next") }), {
  async redeem({ form, client, jar }) {
    const flow = kept(jar, "provider-flow", undefined);
    const isFromEmail = !form("next");
    const result = await client.auth.finishProviderSignIn({ code: form("code"), codeVerifier: flow?.codeVerifier });
    drop(jar, "provider-flow");
    // Not the `next` of the address, which anyone can write.
    const next = isFromEmail ? SECURITY : safeNext(flow?.next);
    if ("mfa" in result) return { to: keepSecondStep(jar, result.mfa, next) };
    return isFromEmail || flow?.isLink ? { to: next, notice: "The account is linked." } : { to: next };
  },
});
