import { action } from "@/lib/action";
import { withQuery } from "@/lib/urls";

export const POST = action((form) => withQuery("/admin/users/factors", { id: form("id") }), {
  async remove({ form, client }) {
    const params = { path: { userId: form("id") } };
    await client.DELETE("/api/users/{userId}/factors", { params });
    return { to: "/admin/users", notice: "The second factors are removed, and the user's sessions are ended." };
  },
});
