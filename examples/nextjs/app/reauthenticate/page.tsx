import { Form, Notice } from "@/components/form";
import { flashOf, read } from "@/lib/page";
import { parameter, type Query } from "@/lib/urls";

export const metadata = { title: "Confirm that it is you" };

/** Leads back to where the API has answered `reauthentication_required`. */
export default async function Reauthenticate({ searchParams }: { searchParams: Query }) {
  const flash = await flashOf("/reauthenticate");
  const { user } = await read("/reauthenticate", async (client) => (await client.GET("/api/auth/me")).data.data);
  return (
    <>
      <h1>Confirm that it is you</h1>
      <Notice flash={flash} />
      <p>This step needs a recent sign-in. You then go back to where you were.</p>
      <Form
        to="/reauthenticate/submit"
        verb="prove"
        button="Continue"
        flash={flash}
        hidden={{ next: await parameter(searchParams, "next") }}
        fields={[{ name: "password", label: "Password", type: "password", autoComplete: "current-password" }]}
        username={user.email}
      />
    </>
  );
}
