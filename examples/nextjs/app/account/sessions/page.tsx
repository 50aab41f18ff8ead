import { AccountPages, deviceName, Time } from "@/components/details";
import { Form, Notice } from "@/components/form";
import { flashOf, read } from "@/lib/page";

export const metadata = { title: "Your sessions" };

const PAGE = "/account/sessions";

export default async function Sessions() {
  const flash = await flashOf(PAGE);
  const sessions = await read(PAGE, async (client) => (await client.GET("/api/auth/sessions")).data.data);
  return (
    <>
      <AccountPages current={PAGE} />
      <h1>Your sessions</h1>
      <Notice flash={flash} />
      <p>The devices that are signed in to your account. End a session that you do not know, and change your password.</p>
      <ul className="rows">
        {sessions.map(({ id, userAgent, ip, createdAt, lastUsedAt, current }) => (
          <li key={id}>
            <div>
              <strong>{deviceName(userAgent)}</strong> {current && <span className="tag">this device</span>}
              <p className="muted">
                {ip}, last used <Time at={lastUsedAt} />, signed in <Time at={createdAt} />
              </p>
            </div>
            {!current && (
              <Form
                to={`${PAGE}/submit`}
                verb="end"
                button="End"
                label={`End the session of ${deviceName(userAgent)}`}
                hidden={{ id }}
                isInline
              />
            )}
          </li>
        ))}
      </ul>
      {sessions.length > 1 && <Form to={`${PAGE}/submit`} verb="endOthers" button="End all other sessions" isInline />}
    </>
  );
}
