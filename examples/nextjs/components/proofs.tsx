/** A form for each proof that is accepted: the first is open, the others are one click away. */
import { type Field, Form } from "@/components/form";
import { PasskeyForm } from "@/components/passkey";
import type { Flash } from "@/lib/flash";
import { FIELDS, type KnownProof } from "@/lib/proofs";

const FORMS: Record<Exclude<KnownProof, "passkey" | "email">, { instead: string; field: Omit<Field, "name"> }> = {
  password: {
    instead: "Use your password instead",
    field: { label: "Password", type: "password", autoComplete: "current-password" },
  },
  totp: {
    instead: "Use your authenticator app instead",
    field: {
      label: "Code",
      autoComplete: "one-time-code",
      inputMode: "numeric",
      maxLength: 12,
      hint: "The six digits that your authenticator app shows.",
    },
  },
  recovery_code: {
    instead: "Use a recovery code instead",
    field: { label: "Recovery code", maxLength: 64, hint: "One of the codes that you have stored. Each works once." },
  },
};

interface Props {
  to: string;
  methods: readonly KnownProof[];
  flash: Flash;
  hidden: Record<string, string>;
  username?: string;
  /** The address that has got an email with a code, if this browser has asked for one. */
  mailedTo?: string | undefined;
}

export function Proofs({ methods, mailedTo, ...shared }: Props) {
  const typed = methods.filter((method) => method !== "passkey" && method !== "email");
  const { to, hidden } = shared;
  const passkey = methods.includes("passkey") && (
    <PasskeyForm to={to} verb={FIELDS.passkey} button="Use a passkey" hidden={hidden} />
  );
  const forms = typed.map((method, index) => {
    const { instead, field } = FORMS[method];
    const name = FIELDS[method];
    const form = <Form {...shared} key={method} verb={name} button="Continue" fields={[{ ...field, name }]} />;
    if (index === 0) return form;
    return (
      <details key={method} open={shared.flash.verb === name}>
        <summary>{instead}</summary>
        {form}
      </details>
    );
  });
  return (
    <>
      {passkey}
      {forms}
      {methods.includes("email") && <EmailProof {...shared} mailedTo={mailedTo} />}
    </>
  );
}

/** The proof of accounts that have no other: asks for an email, then for its code. */
function EmailProof({ mailedTo, ...shared }: Omit<Props, "methods">) {
  if (!mailedTo) return <Form {...shared} verb="mail" button="Email me a code" />;
  const code: Field = {
    name: FIELDS.email,
    label: "Code",
    autoComplete: "one-time-code",
    inputMode: "numeric",
    maxLength: 12,
    hint: "The six digits in the email. If it has none, open its link in this browser.",
  };
  return (
    <>
      <p>
        An email was sent to <strong>{mailedTo}</strong>.
      </p>
      <Form {...shared} verb={FIELDS.email} button="Continue" fields={[code]} />
      <details open={shared.flash.verb === "mail"}>
        <summary>No email after a minute, or is it too old?</summary>
        <Form {...shared} verb="mail" button="Send another email" />
      </details>
    </>
  );
}
