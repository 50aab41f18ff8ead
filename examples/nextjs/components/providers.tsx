import type { components } from "lambda-api-routes-client";
import { Time } from "@/components/details";
import { Form } from "@/components/form";
import { withQuery } from "@/lib/urls";

type Provider = components["schemas"]["PublicProvider"];

interface LinksProps {
  providers: readonly Provider[];
  /** What comes before the name of the provider. */
  text: string;
  next: string;
  isLink?: boolean;
}

/** A link for each provider, to the way there. */
export function ProviderLinks({ providers, text, next, isLink = false }: LinksProps) {
  if (providers.length === 0) return null;
  return (
    <div className="actions">
      {providers.map(({ id, name }) => (
        <a key={id} className="button quiet" href={withQuery("/auth/start", { provider: id, next, link: isLink ? "yes" : "" })}>
          {text} {name}
        </a>
      ))}
    </div>
  );
}

interface Props {
  to: string;
  identities: readonly components["schemas"]["PublicIdentity"][];
  providers: readonly Provider[];
}

/** The accounts at providers that sign in to this one. */
export function LinkedAccounts({ to, identities, providers }: Props) {
  const nameOf = (id: string) => providers.find((provider) => provider.id === id)?.name ?? id;
  if (identities.length === 0 && providers.length === 0) return null;
  return (
    <>
      <h2>Linked accounts</h2>
      <p>{identities.length ? "Each of them signs in to your account." : "Sign in with an account that you have elsewhere."}</p>
      <ul className="rows">
        {identities.map(({ id, provider, email, createdAt, lastUsedAt }) => (
          <li key={id}>
            <div>
              <strong>{nameOf(provider)}</strong> {email}
              <p className="muted">
                linked <Time at={createdAt} />, last used <Time at={lastUsedAt} />
              </p>
            </div>
            <Form
              to={to}
              verb="unlink"
              button="Unlink"
              label={`Unlink ${nameOf(provider)} ${email}`}
              hidden={{ id }}
              isInline
              isDangerous
            />
          </li>
        ))}
      </ul>
      <ProviderLinks providers={providers} text="Link" next={to.replace("/submit", "")} isLink />
    </>
  );
}
