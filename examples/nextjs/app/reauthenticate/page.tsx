import { Notice } from "@/components/form";
import { Proofs } from "@/components/proofs";
import { ProviderLinks } from "@/components/providers";
import { api, flashOf, providersOf, read, secretOf } from "@/lib/page";
import { known } from "@/lib/proofs";
import { parameter, type Query, safeNext } from "@/lib/urls";

export const metadata = { title: "Confirm that it is you" };

/** Leads back to where the API has answered `reauthentication_required`. */
export default async function Reauthenticate({ searchParams }: { searchParams: Query }) {
  const flash = await flashOf("/reauthenticate");
  const { user } = await read("/reauthenticate", async (client) => (await client.GET("/api/auth/me")).data.data);
  const accepted = await parameter(searchParams, "methods");
  const methods = known(accepted ? accepted.split(" ") : ["password"]);
  const next = await parameter(searchParams, "next");
  const asked = await secretOf("email-request");
  const providers = accepted.split(" ").includes("provider") ? await linkedProviders() : [];
  return (
    <>
      <h1>Confirm that it is you</h1>
      <Notice flash={flash} />
      {methods.length || providers.length ? (
        <p>This step needs a recent proof. You then go back to where you were.</p>
      ) : (
        <p>This step needs a recent sign-in. Sign out, and in again.</p>
      )}
      <Proofs
        to="/reauthenticate/submit"
        methods={methods}
        flash={flash}
        hidden={{ next, methods: accepted }}
        username={user.email}
        // It may have been for the sign-in of someone else.
        mailedTo={asked?.email === user.email ? user.email : undefined}
      />
      {/* In a session, a sign-in with a linked account continues it. */}
      <ProviderLinks providers={providers} text="Continue with" next={safeNext(next)} />
    </>
  );
}

/** Return the providers that the account is linked to. */
async function linkedProviders() {
  const identities = await read("/reauthenticate", (client) => client.auth.identities.list());
  const linked = new Set(identities.map(({ provider }) => provider));
  return (await providersOf(await api())).filter(({ id }) => linked.has(id));
}
