"use client";

/**
 * Forms whose proof is a passkey. The browser asks for it when the form is sent, and puts it into a hidden field, so that a
 * handler of forms does the rest. Passkeys need JavaScript: without it, these forms are not shown.
 */
import { createPasskey, getPasskey, PasskeyError, supportsPasskeys } from "lambda-api-routes-client/passkeys";
import { type FormEvent, useEffect, useRef, useState } from "react";
import type { Refusal } from "@/app/passkey/options/route";

const FAULTS: Partial<Record<PasskeyError["code"], string>> = {
  cancelled: "There was no passkey. Try again, or use another way.",
  exists: "This device has a passkey of your account already.",
  failed: "Your browser could not use a passkey here.",
};

interface Props {
  to: string;
  verb: string;
  button: string;
  hidden?: Record<string, string>;
  /** Whether a passkey is created. The form then has a field for its name. */
  isNew?: boolean;
  /** Offer passkeys in the autofill of the page's email field, too. */
  hasAutofill?: boolean;
}

export function PasskeyForm({ to, verb, button, hidden = {}, isNew = false, hasAutofill = false }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const credential = useRef<HTMLInputElement>(null);
  const [isSupported, setSupported] = useState(false);
  const [fault, setFault] = useState("");

  const send = (value: unknown) => {
    if (!credential.current || !form.current) return;
    credential.current.value = JSON.stringify(value);
    form.current.submit();
  };

  useEffect(() => setSupported(supportsPasskeys()), []);
  useEffect(() => {
    if (!isSupported || !hasAutofill) return undefined;
    const controller = new AbortController();
    // Whatever goes wrong, nobody has asked for it.
    getPasskey(() => options("get"), { conditional: true, signal: controller.signal }).then(send, () => undefined);
    return () => controller.abort();
  }, [isSupported, hasAutofill]);

  const start = async (event: FormEvent) => {
    event.preventDefault();
    setFault("");
    try {
      send(isNew ? await createPasskey(() => options("create")) : await getPasskey(() => options("get")));
    } catch (error) {
      if (form.current) form.current.ariaBusy = null;
      if (error instanceof Elsewhere) location.assign(error.path);
      else if (!(error instanceof PasskeyError)) setFault(error instanceof Error ? error.message : String(error));
      else setFault(FAULTS[error.code] ?? "");
    }
  };

  if (!isSupported) return null;
  return (
    <form ref={form} method="post" action={to} className="stacked" onSubmit={start}>
      <input type="hidden" name="verb" value={verb} />
      {Object.entries(hidden).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      <input ref={credential} type="hidden" name="credential" />
      {isNew && (
        <div className="field">
          <label htmlFor="passkeyName">
            Name of the passkey<span className="muted"> (optional)</span>
          </label>
          <input id="passkeyName" name="passkeyName" maxLength={100} autoComplete="off" />
        </div>
      )}
      <button className="quiet">{button}</button>
      {fault && (
        <p className="fault" role="alert">
          {fault}
        </p>
      )}
    </form>
  );
}

/** The application leads somewhere else instead. */
class Elsewhere extends Error {
  constructor(readonly path: string) {
    super(path);
  }
}

// The application's server passes on the API's options.
async function options<Options>(kind: "create" | "get"): Promise<Options> {
  const response = await fetch(`/passkey/options?for=${kind}`, { method: "POST" });
  if (response.ok) return (await response.json()) as Options;
  const refusal = (await response.json()) as Refusal;
  if ("goTo" in refusal) throw new Elsewhere(refusal.goTo);
  throw new Error(refusal.fault);
}
