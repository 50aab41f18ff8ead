import { action } from "@/lib/action";

export const POST = action("/", {
  async signOut({ client }) {
    await client.auth.signOut();
    return { to: "/", notice: "You are signed out." };
  },
});
