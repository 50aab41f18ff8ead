import { randomUUID } from "node:crypto";
import { Form, Notice } from "@/components/form";
import { flashOf, read } from "@/lib/page";
import { parameter, type Query, withQuery } from "@/lib/urls";

export const metadata = { title: "Users" };

const PAGE = "/admin/users";
const ROLES = ["user", "admin"];

/** For administrators: the API tells everyone else that this is forbidden, and they see "not found". */
export default async function Users({ searchParams }: { searchParams: Query }) {
  const flash = await flashOf(PAGE);
  const email = await parameter(searchParams, "email");
  const cursor = await parameter(searchParams, "cursor");
  const query = { limit: 20, ...(email && { email }), ...(cursor && { cursor }) };
  const { data, nextCursor } = await read(
    PAGE,
    async (client) => (await client.GET("/api/users", { params: { query } })).data,
  );
  const back = { email, cursor };
  return (
    <>
      <h1>Users</h1>
      <Notice flash={flash} />
      <form method="get" role="search" className="inline">
        <label htmlFor="search">Email</label>
        <input id="search" name="email" type="email" defaultValue={email} />
        <button>Search</button>
        {email && <a href={PAGE}>All users</a>}
      </form>
      {data.length === 0 && <p>Nobody has this address.</p>}
      <ul className="rows">
        {data.map(({ id, name, email: address, role, status, emailVerified }) => (
          <li key={id}>
            <div>
              <strong>{name}</strong> {role === "admin" && <span className="tag">admin</span>}{" "}
              {status === "disabled" && <span className="tag bad">disabled</span>}{" "}
              {!emailVerified && <span className="tag">not confirmed</span>}
              <p className="muted">{address}</p>
            </div>
            <div className="actions">
              <Form
                to={`${PAGE}/submit`}
                verb={role === "admin" ? "makeUser" : "makeAdmin"}
                button={role === "admin" ? "Make user" : "Make admin"}
                label={`${role === "admin" ? "Make user" : "Make admin"}: ${address}`}
                hidden={{ id, ...back }}
                isInline
              />
              <Form
                to={`${PAGE}/submit`}
                verb={status === "active" ? "disable" : "enable"}
                button={status === "active" ? "Disable" : "Enable"}
                label={`${status === "active" ? "Disable" : "Enable"}: ${address}`}
                hidden={{ id, ...back }}
                isInline
              />
              <a href={withQuery(`${PAGE}/factors`, { id })} aria-label={`Remove second factors: ${address}`}>
                Remove second factors
              </a>
            </div>
          </li>
        ))}
      </ul>
      <p className="actions">
        {cursor && <a href={withQuery(PAGE, { email })}>Newest</a>}
        {nextCursor && <a href={withQuery(PAGE, { email, cursor: nextCursor })}>Older</a>}
      </p>
      <h2>Invite a user</h2>
      <Form
        to={`${PAGE}/submit`}
        verb="invite"
        button="Send invitation"
        flash={flash}
        hidden={{ key: randomUUID() }}
        fields={[
          { name: "name", label: "Name", maxLength: 100 },
          { name: "email", label: "Email of the user", type: "email" },
          { name: "role", label: "Role", type: "select", options: ROLES, value: "user" },
        ]}
      />
    </>
  );
}
