"""Sign in with a provider in tests: as a front end, and as the browser that goes through the provider."""

import json
from typing import Any

from shared.core import aws
from shared.records import flows, providers
from tests.support import openid
from tests.support.api import Api, Reply
from tests.support.openid import CLIENT_ID, CLIENT_SECRET, Provider, returned

VERIFIER = "v" * 43
CHALLENGE = flows.challenge_of(VERIFIER)
START = f"/api/auth/oauth/acme?codeChallenge={CHALLENGE}&next=/account"
CALLBACK = "/api/auth/oauth/acme/callback"
TOKEN = "/api/auth/oauth/token"
IDENTITIES = "/api/auth/identities"
ID_TOKEN = "/api/auth/oauth/acme/id-token"


def configure(**settings: Any) -> None:
    """Store the settings of providers."""
    aws.secretsmanager().put_secret_value(SecretId="ProviderSecret", SecretString=json.dumps(settings))
    providers.memory.forget()


def configure_acme(provider: Provider) -> None:
    """Store the settings of this provider, as `acme`."""
    provider.reset()
    configure(acme={"name": "Acme", "issuer": provider.issuer, "clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET})


def begin(api: Api, url: str = START) -> tuple[str, Api]:
    """Begin a sign-in. Return where the browser goes, and the API as this browser calls it."""
    reply = api.get(url)
    assert reply.status == 303, reply.text
    return reply.headers["location"], Api({**api.headers, "cookie": reply.cookie.partition(";")[0]}, api.ip)


def come_back(api: Api, provider: Provider) -> dict[str, str]:
    """Go through the provider. Return what the front end's page gets."""
    away, browser = begin(api)
    return landed(browser.get(f"{CALLBACK}{openid.query(**provider.authorize(away))}"))


def landed(reply: Reply) -> dict[str, str]:
    """Return what the front end's page gets from a callback."""
    assert reply.status == 303, reply.text
    page, _, _ = reply.headers["location"].partition("?")
    assert page == "http://localhost:3001/auth/callback"
    return returned(reply.headers["location"])


def redeem(api: Api, code: str, verifier: str | None = VERIFIER) -> Reply:
    """Redeem a code, with the verifier of its flow."""
    body = {"code": code} if verifier is None else {"code": code, "codeVerifier": verifier}
    return api.post(TOKEN, body)


def sign_in(api: Api, provider: Provider) -> Reply:
    """Go through the provider, and redeem the code."""
    return redeem(api, come_back(api, provider)["code"])


def begin_link(caller: Api, provider: Provider) -> str:
    """Go through the provider to link its user to the caller's account. Return the code."""
    reply = caller.post(IDENTITIES, {"provider": "acme", "codeChallenge": CHALLENGE, "next": "/account"})
    assert reply.status == 200, reply.text
    return landed(caller.get(f"{CALLBACK}{openid.query(**provider.authorize(reply.json['url']))}"))["code"]


def link(caller: Api, provider: Provider) -> Reply:
    """Link the caller's account to the provider's user."""
    return redeem(caller, begin_link(caller, provider))


def app_signs_in(api: Api, provider: Provider, **changes: Any) -> Reply:
    """Sign in with an id token, as an app does."""
    nonce = api.get(ID_TOKEN).json["nonce"]
    return api.post(ID_TOKEN, {"idToken": provider.id_token(nonce, **changes), "nonce": nonce})
