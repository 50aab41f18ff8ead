import type { components } from "lambda-api-routes-client";
import { Time } from "@/components/details";
import { Form } from "@/components/form";
import { PasskeyForm } from "@/components/passkey";
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
        <p>With an authenticator app or a passkey, your password alone is not enough to sign in.</p>
      ) : (
        <p>A sign-in needs one of them, or a recovery code. A passkey needs no password.</p>
      )}
      <ul className="rows">
        {factors.map(({ id, type, name, synced, createdAt, lastUsedAt }) => (
          <li key={id}>
            <div>
              <strong>{name}</strong> <span className="tag">{type === "totp" ? "authenticator app" : "passkey"}</span>
              <p className="muted">
                {type === "passkey" && (synced ? "on all your devices, " : "on one device only, ")}
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
                  : "Your other factors and your recovery codes stay."}
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
      <PasskeyForm to={to} verb="addPasskey" button="Add a passkey" isNew />
      {factors.length > 0 && (
        <>
          <h2>Recovery codes</h2>
          <p>
            Each of them replaces a factor once. You have <strong>{codesLeft}</strong> left.
          </p>
          {codesLeft < FEW && <p className="fault">Make new ones before you need them.</p>}
          <Form to={to} verb="renewCodes" button="Make new recovery codes" isInline />
          <p className="hint">The codes that you have now are then void.</p>
        </>
      )}
    </>
  );
}
