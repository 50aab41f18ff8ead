import { AutoSubmit } from "@/components/auto-submit";
import { Form, Notice } from "@/components/form";
import { api, flashOf, secretOf } from "@/lib/page";
import { parameter, type Query, withQuery } from "@/lib/urls";

export const metadata = { title: "Sign in with a provider" };

const PAGE = "/auth/callback";

const FAULTS: Record<string, string> = {
  access_denied: "The sign-in was cancelled.",
  account_disabled: "This account is disabled.",
  address_reserved: "This address belonged to an account until a moment ago. Follow the link in the email that we have sent.",
  email_unverified: "The provider has not verified your address. Confirm it there, or sign in another way.",
  identity_taken: "Another account is linked to this one.",
  invitation_pending: "You are invited. Follow the link in the email that we have sent again.",
  link_required:
    "There is an account with this address. We have sent it an email: its link adds the provider. Or sign in as before, and add it in your account.",
  too_many_identities: "Your account has as many linked accounts as it can have. Unlink one first.",
  too_many_requests: "There were too many tries. Wait a moment.",
};
const FAILED = "The sign-in with the provider has failed. Try again.";

/**
 * Where the browser returns from a provider, with a `code` and `next`, or with an `error`. The link of an email leads here, too,
 * with a code alone.
 */
export default async function Callback({ searchParams }: { searchParams: Query }) {
  const flash = await flashOf(PAGE);
  const code = await parameter(searchParams, "code");
  const error = await parameter(searchParams, "error");
  const next = await parameter(searchParams, "next");
  const flow = await secretOf("provider-flow");
  const user = (await api()).auth.session()?.user;
  const isFromEmail = Boolean(code && !next);
  const isLink = isFromEmail || flow?.isLink;
  return (
    <>
      <h1>{isLink ? "Link an account" : "Sign in with a provider"}</h1>
      <Notice flash={flash.fault || !error ? flash : { fault: FAULTS[error] ?? FAILED }} />
      {code && (flow || (isFromEmail && user)) && (
        <>
          {isFromEmail && <p>The account of the provider will sign in to your account here.</p>}
          <Form
            to={`${PAGE}/submit`}
            verb="redeem"
            button={isLink ? "Link" : "Continue"}
            flash={flash}
            hidden={{ code, next }}
          >
            {/* The link of an email waits for the button. */}
            {!isFromEmail && !flash.fault && <AutoSubmit />}
          </Form>
        </>
      )}
      {isFromEmail && !user && (!flow || flash.fault) && (
        <p>
          This link adds a provider to your account. <a href={withQuery("/login", { next: withQuery(PAGE, { code }) })}>Sign in</a>{" "}
          first, as you did before.
        </p>
      )}
      {!isFromEmail && code && !flow && <p>The sign-in has begun in another browser, or took too long.</p>}
      {!isFromEmail && (!flow || error || flash.fault) && (
        <p>
          {user ? <a href="/account/security">Back to your account</a> : <a href="/login">Back to the sign-in</a>}
        </p>
      )}
    </>
  );
}
