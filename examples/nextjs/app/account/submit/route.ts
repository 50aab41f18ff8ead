import { ApiError, type Client } from "lambda-api-routes-client";
import { action } from "@/lib/action";

function ownPath(client: Client): { userId: string } {
  return { userId: client.auth.session()?.user.id ?? "me" };
}

export const POST = action("/account", {
  async rename({ form, client }) {
    const params = { path: ownPath(client), header: { "If-Match": form("etag") } };
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
    // Another user may have signed in in another tab since the page was shown.
    if (form("id") !== ownPath(client).userId) return { to: "/account", fault: "Another user has signed in. Nothing was closed." };
    await client.DELETE("/api/users/{userId}", { params: { path: ownPath(client) } });
    store.write({});
    return { to: "/", notice: "Your account is closed." };
  },
});
