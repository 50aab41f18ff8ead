import type { components } from "lambda-api-routes-client";
import { Time } from "@/components/details";
import { Form } from "@/components/form";
import type { Flash } from "@/lib/flash";

// Fewer recovery codes than this are few.
const FEW = 4;

interface Props {
  to: string;
  factors: readonly components["schemas"]["PublicFactor"][];
  codesLeft: number;
  flash: Flash;
}

/** The second factors of the account, and its recovery codes. */
export function Factors({ to, factors, codesLeft, flash }: Props) {
  const isLast = factors.length === 1;
  return (
    <>
      <h2>Second factors</h2>
      {factors.length === 0 ? (
        <p>With an authenticator app on your phone, a sign-in needs its code, too. Your password alone is then not enough.</p>
      ) : (
        <p>A sign-in needs a code of one of your apps, or a recovery code.</p>
      )}
      <ul className="rows">
        {factors.map(({ id, name, createdAt, lastUsedAt }) => (
          <li key={id}>
            <div>
              <strong>{name}</strong> <span className="tag">authenticator app</span>
              <p className="muted">
                added <Time at={createdAt} />, {lastUsedAt ? <>last used <Time at={lastUsedAt} /></> : "never used"}
              </p>
            </div>
            <details open={flash.verb === "renameFactor" && flash.values?.id === id}>
              <summary aria-label={`Rename or remove ${name}`}>Rename or remove</summary>
              <Form
                to={to}
                verb="renameFactor"
                button="Rename"
                label={`Rename ${name}`}
                hidden={{ id }}
                flash={flash.values?.id === id ? flash : {}}
                fields={[{ name: "name", label: "Name", maxLength: 100, value: name }]}
                isInline
              />
              <p className="hint">
                {isLast
                  ? "Without it, your password alone is enough to sign in, and your recovery codes are void."
                  : "Your other apps and your recovery codes stay."}
              </p>
              <Form to={to} verb="removeFactor" button="Remove" label={`Remove ${name}`} hidden={{ id }} isInline isDangerous />
            </details>
          </li>
        ))}
      </ul>
      <Form
        to={to}
        verb="addApp"
        button="Add an authenticator app"
        flash={flash}
        fields={[
          {
            name: "appName",
            label: "Name of the app",
            maxLength: 100,
            value: factors.length === 0 ? "My phone" : "",
            hint: "By which you recognize it, such as the phone that it is on.",
          },
        ]}
      />
      {factors.length > 0 && (
        <>
          <h2>Recovery codes</h2>
          <p>
            Each of them replaces a code of your app once. You have <strong>{codesLeft}</strong> left.
          </p>
          {codesLeft < FEW && <p className="fault">Make new ones before you need them.</p>}
          <Form to={to} verb="renewCodes" button="Make new recovery codes" isInline />
          <p className="hint">The codes that you have now are then void.</p>
        </>
      )}
    </>
  );
}
