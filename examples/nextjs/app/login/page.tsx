import { Form, Notice } from "@/components/form";
import { PasskeyForm } from "@/components/passkey";
import { ProviderLinks } from "@/components/providers";
import { api, flashOf, providersOf } from "@/lib/page";
import { parameter, type Query, withQuery } from "@/lib/urls";

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
          { name: "email", label: "Email", type: "email", autoComplete: "username webauthn" },
          { name: "password", label: "Password", type: "password", autoComplete: "current-password" },
        ]}
      />
      <PasskeyForm
        to="/login/submit"
        verb="passkey"
        button="Sign in with a passkey"
        hidden={{ next }}
        // A passkey that was refused would be offered again at once.
        hasAutofill={!flash.fault}
      />
      <ProviderLinks providers={await providersOf(await api())} text="Sign in with" next={next} />
      <p>
        <a href={withQuery("/login/email", { next })}>Email me a link or a code</a>
      </p>
      <p>
        <a href="/forgot-password">Forgot your password?</a>
      </p>
      <p>
        No account yet? <a href="/register">Register</a>
      </p>
    </>
  );
}
