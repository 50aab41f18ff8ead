import { action } from "@/lib/action";

const PAGE = "/account/sessions";

export const POST = action(PAGE, {
  async end({ form, client }) {
    await client.DELETE("/api/auth/sessions/{sessionId}", { params: { path: { sessionId: form("id") } } });
    return { to: PAGE, notice: "The session is ended." };
  },

  async endOthers({ client }) {
    await client.auth.signOut({ scope: "others" });
    return { to: PAGE, notice: "All other sessions are ended." };
  },
});
