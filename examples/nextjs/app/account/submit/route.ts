import { ApiError } from "lambda-api-routes-client";
import { action, type Context, type Done } from "@/lib/action";

/** Return what to say if another user has signed in, in another tab, since the page was shown. */
function refusalOf({ form, client }: Context): Done | undefined {
  const own = client.auth.session()?.user.id;
  if (own === undefined || own === form("id")) return undefined;
  return { to: "/account", fault: "Another user has signed in. Nothing was changed." };
}

export const POST = action("/account", {
  async rename(context) {
    const { form, client } = context;
    const refusal = refusalOf(context);
    if (refusal) return refusal;
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

  async close(context) {
    const { form, client, store } = context;
    const refusal = refusalOf(context);
    if (refusal) return refusal;
    await client.DELETE("/api/users/{userId}", { params: { path: { userId: form("id") } } });
    store.write({});
    return { to: "/", notice: "Your account is closed." };
  },
});
