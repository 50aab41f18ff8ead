import { action } from "@/lib/action";
import { drop } from "@/lib/secrets";

export const POST = action("/", {
  async signOut({ client, jar }) {
    await client.auth.signOut();
    drop(jar);
    return { to: "/", notice: "You are signed out." };
  },
});
