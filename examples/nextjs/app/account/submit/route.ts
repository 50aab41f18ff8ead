import { ApiError } from "lambda-api-routes-client";
import { action } from "@/lib/action";

export const POST = action("/account", {
  async rename({ form, client }) {
    const params = { path: { userId: form("id") }, header: { "If-Match": form("etag") } };
    const name = form("name");
    try {
      await client.PATCH("/api/users/{userId}", { params, body: { name } });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "stale") throw error;
      const fault = "Your profile was changed in another window. This is the current one; save again if you still want to.";
      return { to: "/account", fault, verb: "rename" };
    }
    return { to: "/account", notice: "Your name is saved." };
  },

  async close({ form, client, store }) {
    await client.DELETE("/api/users/{userId}", { params: { path: { userId: form("id") } } });
    store.write({});
    return { to: "/", notice: "Your account is closed." };
  },
});
