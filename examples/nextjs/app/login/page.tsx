import { Form, Notice } from "@/components/form";
import { flashOf } from "@/lib/page";
import { parameter, type Query } from "@/lib/urls";

export const metadata = { title: "Sign in" };

export default async function Login({ searchParams }: { searchParams: Query }) {
  const flash = await flashOf("/login");
  const next = await parameter(searchParams, "next");
  return (
    <>
      <h1>Sign in</h1>
      <Notice flash={flash} />
      {next && !flash.fault && <p>Sign in to see this page.</p>}
      <Form
        to="/login/submit"
        verb="signIn"
        button="Sign in"
        flash={flash}
        hidden={{ next }}
        fields={[
          { name: "email", label: "Email", type: "email", autoComplete: "username" },
          { name: "password", label: "Password", type: "password", autoComplete: "current-password" },
        ]}
      />
      <p>
        <a href="/forgot-password">Forgot your password?</a>
      </p>
      <p>
        No account yet? <a href="/register">Register</a>
      </p>
    </>
  );
}
