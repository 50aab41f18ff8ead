import { Form, Notice } from "@/components/form";
import { flashOf } from "@/lib/page";
import { EMAIL_SIGN_UP } from "@/lib/settings";

export const metadata = { title: "Create an account" };

export default async function Register() {
  const flash = await flashOf("/register");
  return (
    <>
      <h1>Create an account</h1>
      <Notice flash={flash} />
      <Form
        to="/register/submit"
        verb="register"
        button="Create account"
        flash={flash}
        fields={[
          { name: "name", label: "Name", autoComplete: "name", maxLength: 100 },
          { name: "email", label: "Email", type: "email", autoComplete: "username" },
          {
            name: "password",
            label: "Password",
            type: "password",
            autoComplete: "new-password",
            hint: "At least 8 characters. A few random words are easy to remember.",
          },
        ]}
      />
      {EMAIL_SIGN_UP && (
        <p>
          <a href="/login/email">Sign up by email, without a password</a>
        </p>
      )}
      <p>
        You have an account? <a href="/login">Sign in</a>
      </p>
    </>
  );
}
