import { AccountPages, Time } from "@/components/details";
import { Form, Notice } from "@/components/form";
import { flashOf, read } from "@/lib/page";

export const metadata = { title: "Your profile" };

export default async function Account() {
  const flash = await flashOf("/account");
  const { id } = await read("/account", async (client) => (await client.GET("/api/auth/me")).data.data.user);
  const params = { path: { userId: id } };
  const { data, etag } = await read("/account", (client) => client.GET("/api/users/{userId}", { params }));
  const user = data.data;
  return (
    <>
      <AccountPages current="/account" />
      <h1>Your profile</h1>
      <Notice flash={flash} />
      <dl>
        <dt>Email</dt>
        <dd>
          {user.email} <a href="/account/security">Change</a>
        </dd>
        {user.emailStatus !== "ok" && (
          <>
            <dt>Delivery</dt>
            <dd>
              Our emails do not reach you. <a href="/verify-email">Confirm your address</a> again.
            </dd>
          </>
        )}
        <dt>Role</dt>
        <dd>{user.role}</dd>
        <dt>Member since</dt>
        <dd>
          <Time at={user.createdAt} />
        </dd>
      </dl>
      <Form
        to="/account/submit"
        verb="rename"
        button="Save"
        flash={flash}
        // The version that is shown: a change of a newer one is refused.
        hidden={{ id, etag: etag ?? "" }}
        fields={[{ name: "name", label: "Name", autoComplete: "name", maxLength: 100, value: user.name }]}
      />
      <details open={flash.verb === "close"}>
        <summary>Close your account</summary>
        <p>Your profile, your notes and all sessions are deleted. This cannot be undone.</p>
        <Form
          to="/account/submit"
          verb="close"
          button="Close my account"
          flash={flash}
          isDangerous
          hidden={{ id }}
          fields={[{ name: "sure", label: "Delete everything", type: "checkbox" }]}
        />
      </details>
    </>
  );
}
