import type { Metadata } from "next";
import { connection } from "next/server";
import { Enhance } from "@/components/enhance";
import { api } from "@/lib/page";
import "./style.css";

export const metadata: Metadata = {
  title: { default: "Lambda API Routes", template: "%s · Lambda API Routes" },
  description: "A front end for Lambda API Routes",
};

/**
 * The frame of all pages. Its links are plain ones: each page is a document of its own, so proxy.ts sees every navigation,
 * and no page of a user is left in the memory of the next one's browser.
 */
export default async function Layout({ children }: { children: React.ReactNode }) {
  // The nonce of the Content-Security-Policy is new for each response, so no page can be rendered ahead.
  await connection();
  const user = (await api()).auth.session()?.user;
  return (
    <html lang="en">
      <body>
        <a className="skip" href="#main">
          Skip to content
        </a>
        <header>
          <a className="brand" href="/">
            Lambda API Routes
          </a>
          <nav aria-label="Main">
            {user && <a href="/notes">Notes</a>}
            {user?.role === "admin" && <a href="/admin/users">Users</a>}
            <a href="/contact">Contact</a>
            {user ? <a href="/account">Account</a> : <a href="/login">Sign in</a>}
            {user ? (
              <form method="post" action="/logout">
                <input type="hidden" name="verb" value="signOut" />
                <button className="link">Sign out</button>
              </form>
            ) : (
              <a href="/register">Register</a>
            )}
          </nav>
        </header>
        <main id="main">{children}</main>
        <Enhance userId={user?.id ?? null} />
      </body>
    </html>
  );
}
