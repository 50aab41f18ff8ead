"""A sign-in at a provider, from the browser's departure to its return with a code for the front end.

No URL ever contains a token. The browser returns with a code that is valid once, for a minute, and only together with
the code verifier of the front end that began the flow: `shared.accounts.provider_sign_in` redeems it.

Threats. `shared.records.flows` has those of the flow. One provider poses as another: a flow belongs to one, each has an
address of its own to return to, and an answer that names its issuer must name the right one (RFC 9207). The callback is
called twice at once: the flow is consumed before the code is exchanged. An attacker wants an open redirect: `next` is a
path of the front end.
"""

import secrets
from typing import NamedTuple
from urllib.parse import urlencode

from shared.accounts import lookup, provider_claims, provider_sign_in
from shared.core.config import settings
from shared.core.errors import AccessDenied, InvalidFlow, NoIssuer, ProviderRefused
from shared.core.tables import write
from shared.records import flows, providers
from shared.records.flows import Flow
from shared.records.one_time_tokens import FORMAT
from shared.records.providers import Provider
from shared.records.sessions import Session
from shared.values.client import Client


class Departure(NamedTuple):
    """Where a browser goes, and the secret that it keeps in a cookie until it returns."""

    url: str
    browser: str
    posts_answer: bool


class Answer(NamedTuple):
    """What a provider has sent along with the browser. `user` is what Apple tells at the first sign-in."""

    state: str = ""
    code: str = ""
    error: str = ""
    iss: str | None = None
    user: str = ""


def begin(provider_id: str, *, code_challenge: str, next_path: str, browser: str) -> Departure:
    """Begin a sign-in. `browser` is the secret that the browser has from an earlier flow, or empty.

    Raises:
        ProviderNotFound: it is not configured.
        NoIssuer: see `_callback`.
        Unavailable: the provider does not answer, or Secrets Manager is unreachable.

    """
    provider = providers.get(provider_id)
    browser = browser if FORMAT.fullmatch(browser) else secrets.token_urlsafe(32)
    flow, state = flows.new(provider.id, code_challenge=code_challenge, next_path=next_path, browser=browser)
    return Departure(_stored(provider, flow, state), browser, provider.posts_answer)


def begin_link(session: Session, provider_id: str, *, code_challenge: str, next_path: str) -> str:
    """Begin a flow that links the account of a session to an identity. Return where the browser goes.

    Raises:
        SessionEnded: the account has just been closed.
        ProviderNotFound: it is not configured.
        NoIssuer: see `_callback`.
        Unavailable: the provider does not answer, or Secrets Manager is unreachable.

    """
    provider = providers.get(provider_id)
    flow, state = flows.new(
        provider.id,
        code_challenge=code_challenge,
        next_path=next_path,
        session=session.reference,
        version=lookup.credential_of(session).version,
    )
    return _stored(provider, flow, state)


def _stored(provider: Provider, flow: Flow, state: str) -> str:
    """Store a flow, and return where the browser goes."""
    url = provider_claims.authorization_url(provider, flow, state=state, redirect_uri=_callback(provider))
    write(flows.storing(flow))
    return url


def finish(provider_id: str, answer: Answer, client: Client, *, browser: str) -> str:
    """Return where the browser goes after the provider: to the front end, with a code.

    Raises:
        ProviderNotFound: it is not configured.
        InvalidFlow: this browser has not begun the flow, or it is used or expired.
        AccessDenied, ProviderRefused: the user, or the provider, has refused.
        InvalidIdToken: the provider's answer is invalid.
        Error: those of `provider_sign_in.code_for`.
        Unavailable: the provider does not answer, or not as it should.

    """
    provider = providers.get(provider_id)
    flow = flows.find(answer.state, provider.id)
    if not flows.is_of_browser(flow, browser):
        raise InvalidFlow
    # Before anything else happens: an answer counts once.
    write(flows.consuming(flow))
    _require_right_issuer(provider, answer)
    if answer.error:
        if answer.error in {"access_denied", "user_cancelled_authorize", "user_cancelled_login"}:
            raise AccessDenied
        raise ProviderRefused
    name = provider_claims.name_from_apple(answer.user) if answer.user else ""
    claims = provider_claims.from_code(provider, answer.code, flow, redirect_uri=_callback(provider), name=name)
    code = provider_sign_in.code_for(claims, provider.id, flow, client)
    return landing(code=code, next=flow.next)


def landing(**parameters: str) -> str:
    """Return the front end's page that continues after a provider, with these parameters."""
    given = {name: value for name, value in parameters.items() if value}
    return f"{settings().frontend_url}/auth/callback?{urlencode(given)}"


def _require_right_issuer(provider: Provider, answer: Answer) -> None:
    metadata = provider_claims.metadata_of(provider)
    is_missing = answer.iss is None and metadata.names_issuer
    is_wrong = answer.iss is not None and not provider.is_github and answer.iss != provider.issuer
    if is_missing or is_wrong:
        raise InvalidFlow


def _callback(provider: Provider) -> str:
    """Return the address that the provider returns to. This API's own URL is the issuer of access tokens.

    Raises:
        NoIssuer: the issuer is not a URL, so we do not know our own address.

    """
    issuer = settings().token_issuer
    if "://" not in issuer:
        raise NoIssuer
    return f"{issuer}/api/auth/oauth/{provider.id}/callback"
