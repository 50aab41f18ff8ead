"""What is particular about Google, Microsoft, Apple and GitHub, as far as it can be tried without them."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.accounts import openid as openid_client
from shared.accounts import provider_claims
from shared.core import config
from shared.records import providers
from tests.support import openid, stored
from tests.support.api import Api
from tests.support.openid import CLIENT_ID, CLIENT_SECRET, Provider, returned
from tests.support.providers import CHALLENGE, configure, redeem

TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
KEY = ec.generate_private_key(ec.SECP256R1())
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
APPLE = {"clientId": CLIENT_ID, "teamId": "TEAM", "keyId": "KEY", "privateKey": PEM}
MICROSOFT = {"clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET, "tenant": TENANT}


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    """A provider on this machine."""
    with openid.running() as provider:
        yield provider


@pytest.fixture
def server(running: Provider, fake_aws: None, services_on_loopback: None) -> Provider:  # noqa: ARG001  # for the calls
    """An honest provider, which says that the user is Ada."""
    running.reset()
    return running


def start(api: Api, provider: str) -> tuple[str, str]:
    """Begin a sign-in. Return where the browser goes, and its cookie."""
    reply = api.get(f"/api/auth/oauth/{provider}?codeChallenge={CHALLENGE}")
    assert reply.status == 303, reply.text
    return reply.headers["location"], reply.cookie


def finish(api: Api, provider: str, answer: dict[str, str], cookie: str, *, form: bool = False) -> dict[str, str]:
    browser = Api({"cookie": cookie.partition(";")[0]})
    url = f"/api/auth/oauth/{provider}/callback"
    if form:
        reply = browser.post(url, urlencode(answer), content_type="application/x-www-form-urlencoded")
    else:
        reply = browser.get(f"{url}?{urlencode(answer)}")
    assert (reply.status, api.ip) == (303, browser.ip)
    return returned(reply.headers["location"])


# GitHub ---------------------------------------------------------------------------------------------


@pytest.fixture
def github(server: Provider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """GitHub, whose user is Ada."""
    metadata = provider_claims._GITHUB._replace(
        authorization_endpoint=f"{server.issuer}/login/oauth/authorize",
        token_endpoint=f"{server.issuer}/login/oauth/access_token",
    )
    monkeypatch.setattr(provider_claims, "_GITHUB", metadata)
    monkeypatch.setattr(provider_claims, "_GITHUB_API", server.issuer)
    configure(github={"clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET})
    server.userinfo = {"id": 583231, "login": "ada", "name": None, "email": "public@example.com"}
    server.addresses = [
        {"email": "old@example.com", "primary": False, "verified": True},
        {"email": "Ada@Example.com", "primary": True, "verified": True},
    ]
    return server


def through_github(api: Api, github: Provider, **answer: str) -> dict[str, str]:
    away, cookie = start(api, "github")
    return finish(api, "github", github.authorize(away) | answer, cookie)


def test_github_signs_in_with_its_primary_verified_address(api: Api, github: Provider) -> None:
    reply = redeem(api, through_github(api, github, iss="https://github.com/login/oauth")["code"])
    assert (reply.json["user"]["email"], reply.json["user"]["name"]) == ("Ada@example.com", "ada")
    [identity] = stored.items("IdentitiesTable")
    assert (identity["issuer"], identity["subject"]) == ("https://github.com", "583231")


def test_github_has_pkce_and_no_nonce(api: Api, github: Provider) -> None:
    assert github.issuer
    sent = returned(start(api, "github")[0])
    assert "nonce" not in sent
    assert (sent["code_challenge_method"], sent["scope"]) == ("S256", "read:user user:email")


def test_renamed_github_user_keeps_the_account(api: Api, github: Provider) -> None:
    first = redeem(api, through_github(api, github)["code"]).json["user"]["id"]
    github.userinfo |= {"login": "countess"}
    assert redeem(api, through_github(api, github)["code"]).json["user"]["id"] == first
    # Whoever takes the name that has become free is another user.
    github.userinfo |= {"id": 1, "login": "ada"}
    github.addresses = [{"email": "eve@example.com", "primary": True, "verified": True}]
    assert redeem(api, through_github(api, github)["code"]).json["user"]["id"] != first


@pytest.mark.parametrize(
    "addresses",
    [
        [{"email": "ada@example.com", "primary": True, "verified": False}],
        [{"email": "ada@example.com", "primary": False, "verified": True}],
        [],
        {"message": "Not Found"},
        ["ada@example.com"],
    ],
)
def test_github_user_without_a_verified_primary_address_gets_nothing(
    api: Api, github: Provider, addresses: Any
) -> None:
    github.addresses = addresses
    assert through_github(api, github) == {"error": "email_unverified"}


def test_code_that_github_refuses_with_a_200_is_rejected(api: Api, github: Provider) -> None:
    assert through_github(api, github, code="invented") == {"error": "invalid_id_token"}


@pytest.mark.parametrize("user", [{}, {"id": "583231"}, {"id": None}])
def test_answer_of_github_without_a_user_is_unavailable(api: Api, github: Provider, user: dict[str, Any]) -> None:
    github.userinfo = user
    assert through_github(api, github) == {"error": "unavailable"}


@pytest.mark.usefixtures("github")
def test_github_has_no_id_tokens(api: Api) -> None:
    url = "/api/auth/oauth/github/id-token"
    assert api.get(url).json["code"] == "provider_not_found"
    assert api.post(url, {"idToken": "a.b.c", "nonce": "n"}).json["code"] == "provider_not_found"


# Apple ----------------------------------------------------------------------------------------------


@pytest.fixture
def apple(server: Provider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """Apple, which writes true as a text and names the user beside the code, once."""
    known = {**providers._KNOWN["apple"], "issuer": server.issuer}
    monkeypatch.setattr(providers, "_KNOWN", {**providers._KNOWN, "apple": known})
    configure(apple=APPLE)
    server.claims |= {"email_verified": "true", "name": None}
    return server


def through_apple(api: Api, apple: Provider, **answer: str) -> dict[str, str]:
    away, cookie = start(api, "apple")
    return finish(api, "apple", apple.authorize(away) | answer, cookie, form=True)


def test_apple_answers_with_a_form(api: Api, apple: Provider) -> None:
    sent = returned(start(api, "apple")[0])
    assert (sent["response_mode"], sent["scope"]) == ("form_post", "name email")
    user = json.dumps({"name": {"firstName": "Ada", "lastName": "Lovelace"}, "email": "eve@example.com"})
    reply = redeem(api, through_apple(api, apple, user=user)["code"])
    # The name is only shown; nothing proves the address beside it.
    assert (reply.json["user"]["name"], reply.json["user"]["email"]) == ("Ada Lovelace", "ada@example.com")


@pytest.mark.parametrize(
    "user",
    ["", "null", "[]", "{}", '{"name": null}', '{"name": "Ada"}', '{"name": {}}', '{"name": {"firstName": "\\u0000"}}'],
)
def test_name_from_apple_may_be_missing(api: Api, apple: Provider, user: str) -> None:
    reply = redeem(api, through_apple(api, apple, user=user)["code"])
    assert reply.json["user"]["name"] == "ada"


def test_client_secret_for_apple_is_signed(api: Api, apple: Provider) -> None:
    through_apple(api, apple)
    form = next(form for path, _, form in apple.requests if path == "/token")
    claims = jwt.decode(form["client_secret"], KEY.public_key(), ["ES256"], audience=apple.issuer)
    assert (claims["iss"], claims["sub"]) == ("TEAM", CLIENT_ID)
    assert claims["exp"] - claims["iat"] == 300
    assert jwt.get_unverified_header(form["client_secret"])["kid"] == "KEY"


def test_key_for_apple_that_is_none_reaches_no_log(api: Api, apple: Provider, caplog: pytest.LogCaptureFixture) -> None:
    configure(apple={**APPLE, "privateKey": "my secret key"})
    assert through_apple(api, apple) == {"error": "unavailable"}
    assert "not an EC key" in caplog.text
    assert "my secret key" not in caplog.text


@pytest.mark.usefixtures("apple")
def test_cookie_comes_back_with_a_form_of_another_site(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "SameSite" not in start(api, "apple")[1]
    monkeypatch.setenv("TOKEN_ISSUER", "https://api.example.com")
    config.settings.cache_clear()
    cookie = start(api, "apple")[1]
    assert cookie.startswith("__Host-oauth-apple=")
    assert cookie.endswith("; HttpOnly; Secure; SameSite=None")


# Microsoft ------------------------------------------------------------------------------------------


@pytest.fixture
def microsoft(server: Provider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """One tenant of Microsoft, whose directory is on this machine."""
    configure(microsoft=MICROSOFT)
    [provider] = providers.configured()
    monkeypatch.setattr(providers.memory, "providers", {"microsoft": provider._replace(issuer=server.issuer)})
    server.claims |= {"sub": "pairwise", "oid": "object-1", "email_verified": None}
    return server


def through_microsoft(api: Api, microsoft: Provider) -> dict[str, str]:
    away, cookie = start(api, "microsoft")
    return finish(api, "microsoft", microsoft.authorize(away), cookie)


def test_issuer_of_microsoft_is_one_tenant() -> None:
    found = providers._parsed(json.dumps({"microsoft": MICROSOFT}))
    assert found["microsoft"].issuer == f"https://login.microsoftonline.com/{TENANT}/v2.0"


@pytest.mark.parametrize("owner_verified", [None, False, 0, "0", "false"], ids=repr)
def test_address_of_microsoft_is_not_verified(api: Api, microsoft: Provider, owner_verified: Any) -> None:
    """Administrators of a tenant write what they like, whatever the claims of other providers are called (nOAuth)."""
    microsoft.claims |= {"email_verified": True, "xms_edov": owner_verified}
    assert through_microsoft(api, microsoft) == {"error": "email_unverified"}


@pytest.mark.parametrize("owner_verified", [True, 1, "1", "true"], ids=repr)
def test_address_of_microsoft_is_verified_if_its_domain_is(api: Api, microsoft: Provider, owner_verified: Any) -> None:
    microsoft.claims |= {"xms_edov": owner_verified}
    assert redeem(api, through_microsoft(api, microsoft)["code"]).status == 200
    [identity] = stored.items("IdentitiesTable")
    assert identity["subject"] == "object-1"


def test_user_of_microsoft_without_an_object_id_is_rejected(api: Api, microsoft: Provider) -> None:
    microsoft.claims |= {"xms_edov": True, "oid": None}
    assert through_microsoft(api, microsoft) == {"error": "invalid_id_token"}


# Google ---------------------------------------------------------------------------------------------


def test_google_is_its_one_issuer() -> None:
    found = providers._parsed(
        json.dumps({"google": {"clientId": CLIENT_ID, "clientSecret": "s", "issuer": "https://evil.example"}})
    )
    assert found["google"].issuer == "https://accounts.google.com"
    assert openid_client._ALGORITHMS == ("RS256", "ES256", "PS256", "EdDSA")
