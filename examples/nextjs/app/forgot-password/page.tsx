import { Form, Notice } from "@/components/form";
import { flashOf } from "@/lib/page";

export const metadata = { title: "Forgot your password?" };

export default async function ForgotPassword() {
  const flash = await flashOf("/forgot-password");
  return (
    <>
      <h1>Forgot your password?</h1>
      <Notice flash={flash} />
      <p>If there is an account with this address, it gets an email with a link to choose a new password.</p>
      <Form
        to="/forgot-password/submit"
        verb="send"
        button="Send a link"
        flash={flash}
        fields={[{ name: "email", label: "Email", type: "email", autoComplete: "username" }]}
      />
    </>
  );
}
