import { notFound } from "next/navigation";
import { Form, Notice } from "@/components/form";
import { flashOf, read } from "@/lib/page";
import { parameter, type Query, withQuery } from "@/lib/urls";

export const metadata = { title: "Remove second factors" };

const PAGE = "/admin/users/factors";

/** Asks an administrator before the second factors of a user are removed. */
export default async function RemoveFactors({ searchParams }: { searchParams: Query }) {
  const flash = await flashOf(PAGE);
  const userId = await parameter(searchParams, "id");
  if (!userId) notFound();
  const page = withQuery(PAGE, { id: userId });
  const params = { path: { userId } };
  const user = await read(page, async (client) => (await client.GET("/api/users/{userId}", { params })).data.data);
  return (
    <>
      <h1>Remove second factors</h1>
      <Notice flash={flash} />
      <p>
        For <strong>{user.name}</strong>, {user.email}, who has lost them. The password alone is then enough to sign in. All sessions of
        the account end, and its user gets an email.
      </p>
      <p>Make sure who is asking. An attacker who knows the password would ask you the same.</p>
      <Form
        to={`${PAGE}/submit`}
        verb="remove"
        button="Remove second factors"
        flash={flash}
        isDangerous
        hidden={{ id: user.id }}
        fields={[{ name: "sure", label: `I have verified that ${user.name} is asking`, type: "checkbox" }]}
      />
      <p>
        <a href="/admin/users">Cancel</a>
      </p>
    </>
  );
}
