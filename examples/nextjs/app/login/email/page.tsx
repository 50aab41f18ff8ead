import { type Field, Form, Notice } from "@/components/form";
import { flashOf, secretOf } from "@/lib/page";
import { EMAIL_SIGN_UP } from "@/lib/settings";
import { parameter, type Query, withQuery } from "@/lib/urls";

export const metadata = { title: "Sign in by email" };

const PAGE = "/login/email";
// After these codes, the link does not work here.
const OVER = ["invalid_link", "registration_required", "email_taken"];

/** Asks for an email, then for its code. The email's link leads here, too: only the button uses it, no scanner. */
export default async function SignInByEmail({ searchParams }: { searchParams: Query }) {
  const flash = await flashOf(PAGE);
  const token = await parameter(searchParams, "token");
  const next = await parameter(searchParams, "next");
  const asked = await secretOf("email-request");
  const email: Field = { name: "email", label: "Email", type: "email", autoComplete: "username" };
  const name: Field = {
    name: "name",
    label: "Name",
    autoComplete: "name",
    maxLength: 100,
    isOptional: true,
    hint: "For a new account: if your address has none, the email opens one, without a password.",
  };
  const shared = { to: `${PAGE}/submit`, flash, hidden: { next, token } };
  if (token) {
    return (
      <>
        <h1>Sign in by email</h1>
        <Notice flash={flash}>
          {OVER.includes(flash.code ?? "") && <a href={withQuery(PAGE, { next })}>Ask for another email</a>}
        </Notice>
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
            {EMAIL_SIGN_UP ? "" : "If it has an account, "}
            <strong>{asked.email}</strong> gets an email. Open its link in this browser, or enter its code here.
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
        <Form {...shared} verb="ask" button="Email me" fields={EMAIL_SIGN_UP ? [email, name] : [email]} />
      )}
      <p>
        <a href={withQuery("/login", { next })}>Use your password instead</a>
      </p>
    </>
  );
}
