import { redirect } from "next/navigation";
import { Notice } from "@/components/form";
import { Proofs } from "@/components/proofs";
import { flashOf, secretOf } from "@/lib/page";
import { known } from "@/lib/proofs";
import { parameter, type Query, withQuery } from "@/lib/urls";

export const metadata = { title: "Second step" };

const PAGE = "/login/second-step";

/** The second step of a sign-in, for accounts with a second factor. */
export default async function SecondStep({ searchParams }: { searchParams: Query }) {
  const flash = await flashOf(PAGE);
  const next = await parameter(searchParams, "next");
  const step = await secretOf("second-step");
  if (!step) redirect(withQuery("/login", { next }));
  const methods = known(step.methods);
  return (
    <>
      <h1>Second step</h1>
      <Notice flash={flash} />
      <p>The first step is done. Confirm now that it is you.</p>
      {methods.length === 0 && <p>This application does not know the second factor of your account.</p>}
      <Proofs to={`${PAGE}/submit`} methods={methods} flash={flash} hidden={{ next }} />
      <p>
        <a href={withQuery("/login", { next })}>Start again</a>
      </p>
      <p className="muted">You have lost your second factors and your recovery codes? Ask an administrator.</p>
    </>
  );
}
