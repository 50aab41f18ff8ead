import { Notice } from "@/components/form";
import { api, flashOf } from "@/lib/page";

export default async function Home() {
  const flash = await flashOf("/");
  const user = (await api()).auth.session()?.user;
  return (
    <>
      <Notice flash={flash} />
      <h1>A front end for your API</h1>
      <p className="lead">
        Accounts, sessions, notes and a contact form, by Next.js and the typed client. Tokens stay on the server and in
        cookies that no script can read, and every page works without JavaScript.
      </p>
      {user ? (
        <p className="actions">
          <a className="button" href="/account">
            Your account
          </a>
          <a className="button quiet" href="/notes">
            Your notes
          </a>
        </p>
      ) : (
        <p className="actions">
          <a className="button" href="/register">
            Create an account
          </a>
          <a className="button quiet" href="/login">
            Sign in
          </a>
        </p>
      )}
    </>
  );
}
