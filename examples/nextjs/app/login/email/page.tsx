import { Form, Notice } from "@/components/form";
import { flashOf, secretOf } from "@/lib/page";
import { parameter, type Query, withQuery } from "@/lib/urls";

export const metadata = { title: "Sign in by email" };

const PAGE = "/login/email";

/** Asks for an email, then for its code. The email's link leads here, too: only the button uses it, no scanner. */
export default async function SignInByEmail({ searchParams }: { searchParams: Query }) {
  const flash = await flashOf(PAGE);
  const token = await parameter(searchParams, "token");
  const next = await parameter(searchParams, "next");
  const asked = await secretOf("email-request");
  const shared = { to: `${PAGE}/submit`, flash, hidden: { next, token } };
  if (token) {
    return (
      <>
        <h1>Sign in by email</h1>
        <Notice flash={flash} />
        <Form {...shared} verb="follow" button="Sign in" />
      </>
    );
  }
  return (
    <>
      <h1>Sign in by email</h1>
      <Notice flash={flash} />
      {asked ? (
        <>
          <p>
            If <strong>{asked.email}</strong> has an account, it gets an email. Open its link, or enter its code here.
          </p>
          <Form
            {...shared}
            verb="enter"
            button="Sign in"
            fields={[{ name: "code", label: "Code", autoComplete: "one-time-code", inputMode: "numeric", maxLength: 12 }]}
          />
          <Form {...shared} verb="forget" button="Use another address" isInline />
        </>
      ) : (
        <Form
          {...shared}
          verb="ask"
          button="Email me"
          fields={[{ name: "email", label: "Email", type: "email", autoComplete: "username" }]}
        />
      )}
      <p>
        <a href={withQuery("/login", { next })}>Use your password instead</a>
      </p>
    </>
  );
}
