import { redirect } from "next/navigation";
import { AccountPages } from "@/components/details";
import { Form, Notice } from "@/components/form";
import { QrCode } from "@/components/qr-code";
import { flashOf, secretOf } from "@/lib/page";

export const metadata = { title: "Add an authenticator app" };

const PAGE = "/account/security/app";

/** Shows the secret of a new authenticator app until its first code confirms it. */
export default async function NewApp() {
  const flash = await flashOf(PAGE);
  const app = await secretOf("new-app");
  if (!app) redirect("/account/security");
  return (
    <>
      <AccountPages current="/account/security" />
      <h1>Add an authenticator app</h1>
      <Notice flash={flash} />
      <h2>1. Scan this with your app</h2>
      <p>Such as Google Authenticator, Microsoft Authenticator, 1Password, Bitwarden or Aegis.</p>
      <QrCode text={app.uri} label="QR code for your authenticator app. The same as text is below." />
      <p>
        Is the app on this device? <a href={app.uri}>Open it</a>, or enter this key in it: type “time-based”, six digits.
      </p>
      <p>
        <code className="key">{app.secret.match(/.{1,4}/g)?.join(" ")}</code>
      </p>
      <h2>2. Enter the code that it shows</h2>
      <Form
        to={`${PAGE}/submit`}
        verb="confirm"
        button="Confirm"
        flash={flash}
        fields={[
          {
            name: "code",
            label: "Code",
            autoComplete: "one-time-code",
            inputMode: "numeric",
            maxLength: 12,
            hint: `The six digits for ${app.name}. Within ten minutes; otherwise begin again.`,
          },
        ]}
      />
      <Form to={`${PAGE}/submit`} verb="cancel" button="Cancel" isInline />
    </>
  );
}
