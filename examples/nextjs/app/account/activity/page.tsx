import type { components } from "lambda-api-routes-client";
import { AccountPages, deviceName, Time } from "@/components/details";
import { read } from "@/lib/page";
import { parameter, type Query, withQuery } from "@/lib/urls";

export const metadata = { title: "Your activity" };

const PAGE = "/account/activity";

type Event = components["schemas"]["PublicEntry"]["event"];

const PHRASES: Record<Event, string> = {
  user_confirmation_requested: "Confirmation of the address requested",
  user_signedup: "Account opened",
  user_invited: "Invited by an administrator",
  user_email_verified: "Address confirmed",
  user_email_bounced: "An email came back",
  user_email_complained: "An email was reported as spam",
  login: "Sign-in",
  user_reauthenticated: "Confirmed again who you are",
  logout: "Sign-out",
  token_refreshed: "Session continued",
  token_reused: "Session ended, because its token was used twice",
  user_recovery_requested: "Link for a new password requested",
  user_password_reset: "New password by a link",
  user_password_changed: "Password changed",
  user_email_change_requested: "Change of the address requested",
  user_email_changed: "Address changed",
  user_email_change_undone: "Change of the address undone",
  factor_added: "Second factor added",
  factor_updated: "Second factor renamed",
  factor_unenrolled: "Second factor removed",
  factors_reset: "Second factors removed by an administrator",
  generate_recovery_codes: "New recovery codes",
  recovery_code_used: "Recovery code used",
  passkey_clone_suspected: "Passkey refused: it may have been copied",
  identity_linked: "Account of a provider linked",
  identity_unlinked: "Account of a provider unlinked",
  user_sign_in_requested: "Email to sign in requested",
  user_modified: "Profile changed",
  data_exported: "Data exported",
  user_deleted: "Account closed",
};

export default async function Activity({ searchParams }: { searchParams: Query }) {
  const cursor = await parameter(searchParams, "cursor");
  const query = { limit: 20, ...(cursor && { cursor }) };
  const { data, nextCursor } = await read(
    PAGE,
    async (client) => (await client.GET("/api/auth/activity", { params: { query } })).data,
  );
  return (
    <>
      <AccountPages current={PAGE} />
      <h1>Your activity</h1>
      <p>Security events of the last 90 days.</p>
      <ul className="rows">
        {data.map(({ at, event, outcome, ip, userAgent }) => (
          <li key={at + event}>
            <div>
              <strong>{PHRASES[event] ?? event}</strong> {outcome !== "success" && <span className="tag bad">{outcome}</span>}
              <p className="muted">
                <Time at={at} />, {deviceName(userAgent)}, {ip}
              </p>
            </div>
          </li>
        ))}
      </ul>
      <p className="actions">
        {cursor && <a href={PAGE}>Newest</a>}
        {nextCursor && <a href={withQuery(PAGE, { cursor: nextCursor })}>Older</a>}
      </p>
    </>
  );
}
