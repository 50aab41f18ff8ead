import { type Field, Form, Notice } from "@/components/form";
import { flashOf } from "@/lib/page";
import { parameter, type Query } from "@/lib/urls";

export const metadata = { title: "Confirm your email address" };

/** The link of an email leads here. Only the button uses it, because mail scanners open links. */
export default async function VerifyEmail({ searchParams }: { searchParams: Query }) {
  const flash = await flashOf("/verify-email");
  const token = await parameter(searchParams, "token");
  const email: Field = {
    name: "email",
    label: "Email",
    type: "email",
    autoComplete: "username",
    value: flash.values?.email ?? "",
  };
  const password: Field = {
    name: "password",
    label: "Password",
    type: "password",
    autoComplete: "current-password",
    hint: "The password you registered with. It is needed because you registered in another browser.",
  };
  const code: Field = {
    name: "code",
    label: "Code",
    autoComplete: "one-time-code",
    inputMode: "numeric",
    maxLength: 6,
    hint: "The six digits in the email.",
  };
  const proof = token ? [] : [email, code];
  return (
    <>
      <h1>Confirm your email address</h1>
      <Notice flash={flash} />
      {!token && <p>Open the link in the email, or enter its code here.</p>}
      <Form
        to="/verify-email/submit"
        verb="verify"
        button="Confirm"
        flash={flash}
        hidden={{ token }}
        fields={flash.code === "registration_required" ? [...proof, password] : proof}
      />
      <details open={flash.verb === "resend"}>
        <summary>No email, or is it too old?</summary>
        <Form
          to="/verify-email/submit"
          verb="resend"
          button="Send another one"
          flash={flash}
          hidden={{ token }}
          fields={[email]}
        />
      </details>
    </>
  );
}
