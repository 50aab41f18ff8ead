import { Form, Notice } from "@/components/form";
import { flashOf } from "@/lib/page";
import { parameter, type Query } from "@/lib/urls";

export const metadata = { title: "Choose a password" };

/** The links of recoveries and of invitations lead here. */
export default async function ResetPassword({ searchParams }: { searchParams: Query }) {
  const flash = await flashOf("/reset-password");
  return (
    <>
      <h1>Choose a password</h1>
      <Notice flash={flash}>
        {flash.code === "invalid_link" && <a href="/forgot-password">Request another link</a>}
      </Notice>
      <Form
        to="/reset-password/submit"
        verb="save"
        button="Save password"
        flash={flash}
        hidden={{ token: await parameter(searchParams, "token") }}
        fields={[
          {
            name: "password",
            label: "New password",
            type: "password",
            autoComplete: "new-password",
            hint: "At least 8 characters. It ends all sessions of your account.",
          },
        ]}
      />
    </>
  );
}
