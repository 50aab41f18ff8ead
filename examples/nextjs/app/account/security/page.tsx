import { AccountPages } from "@/components/details";
import { Factors } from "@/components/factors";
import { type Field, Form, Notice } from "@/components/form";
import { LinkedAccounts } from "@/components/providers";
import { api, flashOf, providersOf, read } from "@/lib/page";

export const metadata = { title: "Security" };

const PAGE = "/account/security";

export default async function Security() {
  const flash = await flashOf(PAGE);
  const { user } = await read(PAGE, async (client) => (await client.GET("/api/auth/me")).data.data);
  const identities = await read(PAGE, (client) => client.auth.identities.list());
  const providers = await providersOf(await api());
  const newPassword: Field = {
    name: "newPassword",
    label: "New password",
    type: "password",
    autoComplete: "new-password",
    hint: "At least 8 characters. It ends all other sessions.",
  };
  const factors = await read(PAGE, (client) => client.auth.factors.list());
  return (
    <>
      <AccountPages current={PAGE} />
      <h1>Security</h1>
      <Notice flash={flash} />
      <h2>Password</h2>
      <Form
        to={`${PAGE}/submit`}
        verb="changePassword"
        button="Change password"
        flash={flash}
        username={user.email}
        fields={[
          {
            name: "currentPassword",
            label: "Current password",
            type: "password",
            autoComplete: "current-password",
          },
          newPassword,
        ]}
      />
      <details open={flash.verb === "setPassword"}>
        <summary>Your account has no password yet?</summary>
        <Form
          to={`${PAGE}/submit`}
          verb="setPassword"
          button="Set password"
          flash={flash}
          username={user.email}
          fields={[newPassword]}
        />
      </details>
      <h2>Email</h2>
      <p>
        Your address is <strong>{user.email}</strong> until the new one is confirmed by the email that it gets.
      </p>
      <Form
        to={`${PAGE}/submit`}
        verb="changeEmail"
        button="Change email"
        flash={flash}
        username={user.email}
        fields={[
          { name: "newEmail", label: "New email", type: "email", autoComplete: "email" },
          {
            name: "password",
            label: "Password",
            type: "password",
            autoComplete: "current-password",
            isOptional: true,
            hint: "Not needed within ten minutes of a sign-in.",
          },
        ]}
      />
      <LinkedAccounts to={`${PAGE}/submit`} identities={identities} providers={providers} />
      <Factors to={`${PAGE}/submit`} factors={factors.data} codesLeft={factors.recoveryCodes} flash={flash} />
    </>
  );
}
