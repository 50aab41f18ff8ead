import type { components } from "lambda-api-routes-client";
import { action, type Form, type Verb } from "@/lib/action";
import { withQuery } from "@/lib/urls";

const PAGE = "/admin/users";

/** The part of the list that was shown. The form of an invitation has an address of its own. */
function listOf(form: Form): string {
  return form("verb") === "invite" ? PAGE : withQuery(PAGE, { email: form("email"), cursor: form("cursor") });
}

/** Return the verb that changes a user, and the words that say so. */
function change(body: components["schemas"]["Changes"], what: string): Verb {
  return async ({ form, client }) => {
    const params = { path: { userId: form("id") } };
    const { data } = await client.PATCH("/api/users/{userId}", { params, body });
    return { to: listOf(form), notice: `${data.data.name} ${what}.` };
  };
}

export const POST = action(listOf, {
  makeAdmin: change({ role: "admin" }, "is now an administrator"),
  makeUser: change({ role: "user" }, "is now a user"),
  disable: change({ status: "disabled" }, "can no longer sign in"),
  enable: change({ status: "active" }, "can sign in again"),

  async invite({ form, client }) {
    const role = form("role") === "admin" ? "admin" : "user";
    await client.POST("/api/users", {
      params: { header: { "Idempotency-Key": form("key") } },
      body: { name: form("name"), email: form("email"), role },
    });
    return { to: PAGE, notice: `An invitation is on its way to ${form("email")}.` };
  },
});
