"""Signing in with a provider: /api/auth/providers, /api/auth/oauth and /api/auth/identities."""

import hashlib
import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.core import aws, clock, config, tables
from shared.records import credentials, identities, limits, users
from tests.support import ISSUER, PASSWORD, openid, stored
from tests.support.accounts import member
from tests.support.api import Api, Inbox, Reply
from tests.support.factors import enroll
from tests.support.openid import CLIENT_ID, CLIENT_SECRET, Provider, returned
from tests.support.providers import (
    CALLBACK,
    CHALLENGE,
    ID_TOKEN,
    IDENTITIES,
    START,
    VERIFIER,
    app_signs_in,
    begin,
    come_back,
    configure,
    configure_acme,
    landed,
    link,
    redeem,
    sign_in,
)

ADA = "ada@example.com"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    """A provider on this machine."""
    with openid.running() as provider:
        yield provider


@pytest.fixture
def acme(
    running: Provider,
    fake_aws: None,  # noqa: ARG001  # stores the settings
    services_on_loopback: None,  # noqa: ARG001  # lets us call it
) -> Provider:
    """An honest provider, which is configured and says that the user is Ada."""
    configure_acme(running)
    return running


def session_of(api: Api, reply: Reply) -> dict[str, Any]:
    assert reply.status == 200, reply.text
    session = api.with_token(reply.json["token"]).get("/api/auth/me").json["data"]["session"]
    assert isinstance(session, dict)
    return session


# What a sign-in page offers -------------------------------------------------------------------------


@pytest.mark.usefixtures("acme")
def test_configured_providers_are_listed(api: Api) -> None:
    assert api.get("/api/auth/providers").json == {"success": True, "data": [{"id": "acme", "name": "Acme"}]}


def test_without_settings_there_are_no_providers(api: Api) -> None:
    assert api.get("/api/auth/providers").json["data"] == []
    assert api.get(START).json["code"] == "provider_not_found"


def test_well_known_providers_need_only_what_they_have_issued(api: Api) -> None:
    keys = {"clientId": "id", "clientSecret": "secret"}
    apple = {"clientId": "id", "teamId": "team", "keyId": "key", "privateKey": "pem"}
    configure(
        google=keys, microsoft={**keys, "tenant": "9188040d-6c67-4c5b-b112-36a304b66dad"}, apple=apple, github=keys
    )
    names = [each["name"] for each in api.get("/api/auth/providers").json["data"]]
    assert names == ["Google", "Microsoft", "Apple", "GitHub"]


@pytest.mark.parametrize(
    ("provider", "settings", "problem"),
    [
        ("google", {"clientSecret": "secret"}, "clientId is missing"),
        ("github", {"clientId": "id", "clientSecrt": "secret"}, "clientSecret is missing"),
        ("microsoft", {"clientId": "id", "tenant": "common"}, "tenant is the id of one tenant"),
        ("apple", {"clientId": "id"}, "teamId is missing"),
        ("other", {"clientId": "id"}, "issuer is missing"),
        ("token", {"clientId": "id", "issuer": "https://x.example"}, "an id has"),
        ("Acme", {"clientId": "id", "issuer": "https://x.example"}, "an id has"),
        (
            "imitation",
            {"clientId": "id", "issuer": "https://accounts.google.com"},
            "another provider has the same issuer",
        ),
        ("other", {"clientId": "id", "issuer": "https://x.example", "nativeClientIds": "id"}, "nativeClientIds"),
        ("other", "secret", "the settings are no object"),
    ],
)
def test_provider_with_an_error_is_left_out_and_reported(  # noqa: PLR0913, PLR0917  # a case
    api: Api, acme: Provider, caplog: pytest.LogCaptureFixture, provider: str, settings: Any, problem: str
) -> None:
    others = {"google": {"clientId": "id", "clientSecret": "secret"}} if provider != "google" else {}
    configure(**others, **{provider: settings}, acme={"issuer": acme.issuer, "clientId": CLIENT_ID})
    assert [each["id"] for each in api.get("/api/auth/providers").json["data"]] == [*others, "acme"]
    assert problem in caplog.text


@pytest.mark.parametrize("text", ["not JSON", "[]", '"text"'])
def test_settings_that_are_no_object_configure_nothing(api: Api, text: str) -> None:
    aws.secretsmanager().put_secret_value(SecretId="ProviderSecret", SecretString=text)
    assert api.get("/api/auth/providers").json["data"] == []


# Signing in -----------------------------------------------------------------------------------------


def test_browser_is_sent_to_the_provider(api: Api, acme: Provider) -> None:
    away, browser = begin(api)
    sent = returned(away)
    assert away.startswith(f"{acme.issuer}/authorize?")
    assert (sent["client_id"], sent["response_type"], sent["code_challenge_method"]) == (CLIENT_ID, "code", "S256")
    assert sent["redirect_uri"] == f"{ISSUER}{CALLBACK}"
    assert sent["scope"] == "openid email profile"
    assert len({sent["state"], sent["nonce"], sent["code_challenge"], browser.headers["cookie"]}) == 4
    assert CHALLENGE not in away


def test_unknown_user_with_a_free_address_gets_an_account(api: Api, acme: Provider) -> None:
    back = come_back(api, acme)
    assert (set(back), back["next"]) == ({"code", "next"}, "/account")
    reply = redeem(api, back["code"])
    assert reply.json["user"] | {"id": ""} == {"id": "", "email": ADA, "name": "Ada", "role": "user"}
    assert session_of(api, reply)["aal"] == 1
    credential = credentials.find(ADA)
    assert credential is not None
    assert credential.password_hash is None
    user = users.get(credential.user_id)
    assert (user.email_verified, user.status) == (True, "active")


def test_same_identity_signs_in_to_the_same_account_whatever_its_address_is(api: Api, acme: Provider) -> None:
    first = sign_in(api, acme).json["user"]
    acme.claims |= {"email": "someone-else@example.com", "email_verified": False}
    assert sign_in(api, acme).json["user"] == first
    assert len(stored.items("UsersTable")) == 1


def test_same_address_with_another_identity_is_not_the_same_account(api: Api, acme: Provider) -> None:
    """An address that changes hands at the provider must not hand over the account."""
    sign_in(api, acme)
    acme.claims["sub"] = "successor"
    assert come_back(api, acme) == {"error": "link_required"}


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "false"},
        {"email_verified": [True]},
        {"email": None},
        {"email": "not an address"},
        {"email": ["ada@example.com"]},
    ],
)
def test_unknown_user_without_a_verified_address_gets_nothing(api: Api, acme: Provider, claims: dict[str, Any]) -> None:
    acme.claims |= claims
    acme.userinfo = {"sub": "ada-1"}
    assert come_back(api, acme) == {"error": "email_unverified"}
    assert stored.items("UsersTable") == stored.items("IdentitiesTable") == []


def test_address_that_only_the_userinfo_has_is_read_there(api: Api, acme: Provider) -> None:
    acme.claims |= {"email": None, "email_verified": None}
    acme.userinfo = {"sub": "ada-1", "email": "Ada@Example.com", "email_verified": True}
    assert sign_in(api, acme).json["user"]["email"] == "Ada@example.com"


def test_userinfo_of_another_user_is_rejected(api: Api, acme: Provider) -> None:
    acme.claims |= {"email": None, "email_verified": None}
    acme.userinfo = {"sub": "eve", "email": ADA, "email_verified": True}
    assert come_back(api, acme) == {"error": "invalid_id_token"}


def test_account_with_a_factor_is_asked_for_it(api: Api, acme: Provider) -> None:
    signed_in = sign_in(api, acme)
    app = enroll(api.with_token(signed_in.json["token"]))
    reply = sign_in(api, acme)
    assert (reply.status, reply.json["code"]) == (403, "mfa_required")
    with time_machine.travel(clock.now() + clock.MINUTE):
        done = api.post("/api/auth/mfa", {"token": reply.json["mfa"]["token"], "code": app.code()})
        assert session_of(api, done)["aal"] == 2


def test_disabled_account_cannot_sign_in(api: Api, acme: Provider, admin: Api) -> None:
    user_id = sign_in(api, acme).json["user"]["id"]
    waiting = come_back(api, acme)["code"]
    assert admin.patch(f"/api/users/{user_id}", {"status": "disabled"}).status == 200
    assert come_back(api, acme) == {"error": "account_disabled"}
    assert redeem(api, waiting).json["code"] == "invalid_link"


def test_closed_account_is_gone_with_its_identities(api: Api, acme: Provider) -> None:
    signed_in = sign_in(api, acme)
    waiting = come_back(api, acme)["code"]
    owner = api.with_token(signed_in.json["token"])
    assert owner.delete(f"/api/users/{signed_in.json['user']['id']}").status == 204
    assert stored.items("IdentitiesTable") == []
    assert redeem(api, waiting).json["code"] == "invalid_link"
    assert sign_in(api, acme).json["user"]["id"] != signed_in.json["user"]["id"]


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [
        ("SIGN_UP", "invitation", "sign_up_closed"),
        ("REFUSED_DOMAINS", "example.com", "domain_not_allowed"),
        ("ALLOWED_DOMAINS", "example.org", "domain_not_allowed"),
    ],
)
def test_sign_up_policy_is_obeyed_and_accounts_sign_in_as_before(  # noqa: PLR0913, PLR0917  # a case
    api: Api, acme: Provider, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, code: str
) -> None:
    sign_in(api, acme)
    monkeypatch.setenv(variable, value)
    assert sign_in(api, acme).status == 200
    acme.claims |= {"sub": "ben-1", "email": "Ben@EXAMPLE.com"}
    assert come_back(api, acme) == {"error": code}
    reply = app_signs_in(api, acme)
    assert (reply.status, reply.json["code"]) == (403, code)
    assert len(stored.items("UsersTable")) == 1


# The flow -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cookie", ["", "oauth-acme=" + "A" * 43, "oauth-other={own}", "oauth-acme={own}x"])
def test_flow_belongs_to_the_browser_that_began_it(api: Api, acme: Provider, cookie: str) -> None:
    """Login CSRF: a victim's browser must not finish the flow of an attacker."""
    away, browser = begin(api)
    own = browser.headers["cookie"].partition("=")[2]
    stranger = Api({"cookie": cookie.format(own=own)} if cookie else {})
    answer = openid.query(**acme.authorize(away))
    assert landed(stranger.get(f"{CALLBACK}{answer}")) == {"error": "invalid_flow"}
    assert "code" in landed(browser.get(f"{CALLBACK}{answer}"))


def test_flow_counts_once(api: Api, acme: Provider) -> None:
    away, browser = begin(api)
    answer = openid.query(**acme.authorize(away))
    assert "code" in landed(browser.get(f"{CALLBACK}{answer}"))
    assert landed(browser.get(f"{CALLBACK}{answer}")) == {"error": "invalid_flow"}
    assert acme.paths().count("/token") == 1


def test_flow_is_used_even_if_the_exchange_fails(api: Api, acme: Provider) -> None:
    away, browser = begin(api)
    answer = openid.query(**acme.authorize(away))
    acme.answers["/token"] = lambda handler: openid.send_json(handler, {}, 500)
    assert landed(browser.get(f"{CALLBACK}{answer}")) == {"error": "unavailable"}
    del acme.answers["/token"]
    assert landed(browser.get(f"{CALLBACK}{answer}")) == {"error": "invalid_flow"}


def test_flow_expires_after_ten_minutes(api: Api, acme: Provider) -> None:
    away, browser = begin(api)
    answer = openid.query(**acme.authorize(away))
    with time_machine.travel(clock.now() + 10 * clock.MINUTE):
        assert landed(browser.get(f"{CALLBACK}{answer}")) == {"error": "invalid_flow"}


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("state", ["", "A" * 43, "é", "x" * 4000])
def test_unknown_state_is_an_invalid_flow(api: Api, state: str) -> None:
    assert landed(api.get(f"{CALLBACK}?{urlencode({'state': state, 'code': 'x'})}")) == {"error": "invalid_flow"}


def test_flow_of_one_provider_is_not_one_of_another(api: Api, acme: Provider) -> None:
    """Mix-up: each flow belongs to the provider that it was begun with."""
    configure(
        acme={"issuer": acme.issuer, "clientId": CLIENT_ID},
        evil={"issuer": "http://127.0.0.1:1", "clientId": CLIENT_ID},
    )
    away, browser = begin(api)
    both = Api({"cookie": f"{browser.headers['cookie']}; {browser.headers['cookie'].replace('acme', 'evil')}"})
    answer = openid.query(**acme.authorize(away))
    assert landed(both.get(f"/api/auth/oauth/evil/callback{answer}")) == {"error": "invalid_flow"}


@pytest.mark.parametrize(("iss", "works"), [("own", True), ("", False), ("https://evil.example", False), (None, True)])
def test_answer_names_the_right_issuer_or_none(api: Api, acme: Provider, iss: str | None, *, works: bool) -> None:
    away, browser = begin(api)
    answer = acme.authorize(away) | ({} if iss is None else {"iss": acme.issuer if iss == "own" else iss})
    back = landed(browser.get(f"{CALLBACK}{openid.query(**answer)}"))
    assert ("code" in back) is works


def test_issuer_is_required_of_a_provider_that_promises_it(api: Api, acme: Provider) -> None:
    acme.metadata["authorization_response_iss_parameter_supported"] = True
    assert come_back(api, acme) == {"error": "invalid_flow"}


@pytest.mark.parametrize(
    ("error", "code"),
    [("access_denied", "access_denied"), ("server_error", "provider_refused"), ("<script>", "provider_refused")],
)
def test_refusal_at_the_provider_reaches_the_front_end(api: Api, acme: Provider, error: str, code: str) -> None:
    away, browser = begin(api)
    state = acme.authorize(away)["state"]
    assert landed(browser.get(f"{CALLBACK}{openid.query(state=state, error=error)}")) == {"error": code}


def test_answer_in_a_form_is_read_too(api: Api, acme: Provider) -> None:
    away, browser = begin(api)
    form = urlencode(acme.authorize(away))
    reply = browser.post(CALLBACK, form, content_type="application/x-www-form-urlencoded")
    assert redeem(api, landed(reply)["code"]).status == 200


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("body", ["%ff=x", "&".join(["a=b"] * 30), "state=x&state=y", ""])
def test_malformed_form_is_sent_to_the_front_end(api: Api, body: str) -> None:
    reply = api.post(CALLBACK, body, content_type="application/x-www-form-urlencoded")
    assert set(landed(reply)) == {"error"}


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/a\nb",
        "/a\tb",
        "evil",
        "",
        "/.//evil.example",
        "/a//b",
        "/a/../b",
        "/%2E/b",
    ],
)
def test_next_is_a_path_of_the_front_end(api: Api, page: str) -> None:
    reply = api.get(f"/api/auth/oauth/acme?{urlencode({'codeChallenge': CHALLENGE, 'next': page})}")
    assert (reply.status, reply.json["code"]) == (400, "validation_failed")


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("challenge", [None, "", "short", "A" * 44, "A" * 42 + "="])
def test_front_end_needs_a_code_challenge(api: Api, challenge: str | None) -> None:
    query = {} if challenge is None else {"codeChallenge": challenge}
    assert api.get(f"/api/auth/oauth/acme?{urlencode(query)}").status == 400


@pytest.mark.usefixtures("acme")
def test_cookie_is_bound_to_the_host_and_to_the_flow(
    api: Api, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert environment
    local = api.get(START).cookie
    assert re.fullmatch(r"oauth-acme=[\w-]{43}; Path=/; Max-Age=600; HttpOnly; SameSite=Lax", local)
    monkeypatch.setenv("TOKEN_ISSUER", "https://api.example.com")
    config.settings.cache_clear()
    secure = api.get(START).cookie
    assert re.fullmatch(r"__Host-oauth-acme=[\w-]{43}; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax", secure)


def test_two_flows_of_one_browser_share_its_cookie(api: Api, acme: Provider) -> None:
    first, browser = begin(api)
    second, same = begin(browser)
    assert same.headers["cookie"] == browser.headers["cookie"]
    for away in (first, second):
        assert "code" in landed(same.get(f"{CALLBACK}{openid.query(**acme.authorize(away))}"))


# The code -------------------------------------------------------------------------------------------


def test_code_counts_once(api: Api, acme: Provider) -> None:
    code = come_back(api, acme)["code"]
    assert redeem(api, code).status == 200
    assert (redeem(api, code).status, redeem(api, code).json["code"]) == (400, "invalid_link")


@pytest.mark.parametrize("verifier", [None, "w" * 43, VERIFIER + "v"])
def test_code_needs_the_verifier_and_survives_a_wrong_one(api: Api, acme: Provider, verifier: str | None) -> None:
    code = come_back(api, acme)["code"]
    assert redeem(api, code, verifier).json["code"] == "invalid_link"
    assert redeem(api, code).status == 200


def test_code_is_valid_for_a_minute(api: Api, acme: Provider) -> None:
    code = come_back(api, acme)["code"]
    with time_machine.travel(clock.now() + clock.MINUTE):
        assert redeem(api, code).json["code"] == "invalid_link"


def test_code_is_void_once_the_account_changes(api: Api, acme: Provider) -> None:
    owner = api.with_token(sign_in(api, acme).json["token"])
    code = come_back(api, acme)["code"]
    assert owner.post("/api/auth/change-password", {"newPassword": PASSWORD}).status == 200
    assert redeem(api, code).json["code"] == "invalid_link"


def test_code_in_a_session_of_its_account_continues_the_session(api: Api, acme: Provider) -> None:
    signed_in = sign_in(api, acme)
    owner = api.with_token(signed_in.json["token"])
    before = session_of(api, signed_in)
    code = come_back(api, acme)["code"]
    assert session_of(api, redeem(owner, code))["id"] == before["id"]


def test_code_in_a_session_of_another_account_starts_its_own(api: Api, acme: Provider, ben: Api) -> None:
    reply = redeem(ben, come_back(api, acme)["code"])
    assert reply.json["user"]["email"] == ADA


def test_sign_in_with_a_provider_is_fresh_for_an_account_without_a_password(api: Api, acme: Provider) -> None:
    owner = api.with_token(sign_in(api, acme).json["token"])
    with time_machine.travel(clock.now() + 11 * clock.MINUTE):
        reply = owner.post("/api/auth/factors", {"type": "totp", "name": "Phone"})
        assert (reply.status, reply.json["methods"]) == (403, ["provider", "email"])
        again = owner.with_token(redeem(owner, come_back(api, acme)["code"]).json["token"])
        assert again.post("/api/auth/factors", {"type": "totp", "name": "Phone"}).status == 201


# Id tokens that are not valid -----------------------------------------------------------------------


def _unsigned(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, None, "none")  # type: ignore[arg-type]


def _signed_with_the_secret(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, CLIENT_SECRET * 4, "HS256", {"kid": "rsa"})


def _signed_with_another_key(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, rsa.generate_private_key(65537, 2048), "RS256", {"kid": "rsa"})


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"aud": [CLIENT_ID, "another-client"]},
        {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"},
        {"azp": "another-client"},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 5},
        {"sub": "s" * 300},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
    ],
)
def test_id_token_with_wrong_claims_is_rejected(api: Api, acme: Provider, change: dict[str, Any]) -> None:
    acme.claims |= change
    assert come_back(api, acme) == {"error": "invalid_id_token"}
    assert stored.items("UsersTable") == []


@pytest.mark.parametrize("sign", [_unsigned, _signed_with_the_secret, _signed_with_another_key, lambda _: "a.b.c"])
def test_id_token_with_a_wrong_signature_is_rejected(
    api: Api, acme: Provider, sign: Callable[[dict[str, Any]], str]
) -> None:
    acme.sign = sign
    assert come_back(api, acme) == {"error": "invalid_id_token"}


@pytest.mark.parametrize(("algorithm", "key_id"), [("ES256", "ec"), ("RS256", "rsa")])
def test_both_usual_algorithms_are_accepted(api: Api, acme: Provider, algorithm: str, key_id: str) -> None:
    acme.algorithm, acme.key_id = algorithm, key_id
    assert sign_in(api, acme).status == 200


@pytest.mark.parametrize(
    ("algorithm", "key_id"), [("ES256", "rsa"), ("RS256", "ec"), ("RS256", "unknown"), ("RS256", None)]
)
def test_key_of_another_algorithm_or_an_unknown_one_is_rejected(
    api: Api, acme: Provider, algorithm: str, key_id: str | None
) -> None:
    acme.algorithm, acme.key_id = algorithm, key_id
    if key_id is None:
        acme.keys = [*acme.keys, {**acme.keys[0], "kid": "second"}]
    assert come_back(api, acme) == {"error": "invalid_id_token"}


def test_clocks_may_differ_by_a_minute(api: Api, acme: Provider) -> None:
    acme.claims |= {"iat": clock.now() + 50, "exp": clock.now() - 50}
    assert sign_in(api, acme).status == 200


def test_new_key_is_found_at_once_and_invented_ones_cause_a_call_a_minute(api: Api, acme: Provider) -> None:
    first = acme.keys
    acme.keys = [{**key, "kid": "old"} for key in first]
    acme.key_id = "old"
    assert "code" in come_back(api, acme)
    acme.keys, acme.key_id = first, "rsa"
    with time_machine.travel(clock.now() + clock.MINUTE):
        assert "code" in come_back(api, acme)
        before = acme.paths().count("/jwks")
        acme.key_id = "invented"
        for _ in range(3):
            come_back(api, acme)
        assert acme.paths().count("/jwks") - before <= 1


# Providers that misbehave ---------------------------------------------------------------------------


def _redirect(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("location", "/elsewhere")
    handler.send_header("content-length", "0")
    handler.end_headers()


def _much(handler: BaseHTTPRequestHandler) -> None:
    openid.send_json(handler, {"filler": "x" * 5_000_000})


def _text(handler: BaseHTTPRequestHandler) -> None:
    openid.send_json(handler, "text")


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/token"])
@pytest.mark.parametrize("answer", [_redirect, _much, _text])
def test_provider_that_misbehaves_is_unavailable(
    api: Api, acme: Provider, path: str, answer: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    if path.startswith("/."):
        acme.answers[path] = answer
        assert api.get(START).status == 503
        return
    away, browser = begin(api)
    acme.answers[path] = answer
    back = landed(browser.get(f"{CALLBACK}{openid.query(**acme.authorize(away))}"))
    assert back == {"error": "unavailable"}


def test_provider_that_speaks_for_another_issuer_is_unavailable(api: Api, acme: Provider) -> None:
    acme.metadata["issuer"] = "https://accounts.google.com"
    assert api.get(START).status == 503


def test_code_that_the_provider_refuses_is_rejected(api: Api, acme: Provider) -> None:
    away, browser = begin(api)
    answer = acme.authorize(away) | {"code": "invented"}
    assert landed(browser.get(f"{CALLBACK}{openid.query(**answer)}")) == {"error": "invalid_id_token"}


@pytest.mark.parametrize("methods", [None, ["client_secret_basic"], ["client_secret_post"]])
def test_client_secret_is_sent_as_the_provider_wants_it(api: Api, acme: Provider, methods: list[str] | None) -> None:
    if methods is not None:
        acme.metadata["token_endpoint_auth_methods_supported"] = methods
    come_back(api, acme)
    _, headers, form = next(each for each in acme.requests if each[0] == "/token")
    in_form = methods == ["client_secret_post"]
    assert (form.get("client_secret") == CLIENT_SECRET) is in_form
    assert ("authorization" in {name.lower() for name in headers}) is not in_form


def test_secrets_and_tokens_reach_no_log(
    api: Api, acme: Provider, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    away, browser = begin(api)
    answer = acme.authorize(away)
    back = landed(browser.get(f"{CALLBACK}{openid.query(**answer)}"))
    redeem(api, back["code"])
    log = capsys.readouterr().out + caplog.text
    assert "outgoing call" in log
    for secret in (CLIENT_SECRET, answer["state"], answer["code"], back["code"], VERIFIER, ADA):
        assert secret not in log


# Linking --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("ada")
def test_account_with_the_address_is_not_linked_until_its_owner_agrees(api: Api, acme: Provider, inbox: Inbox) -> None:
    assert come_back(api, acme) == {"error": "link_required"}
    assert stored.items("IdentitiesTable") == []
    email = inbox.newest()
    assert (email.to, email.subject) == (ADA, "Link Acme to your account at Lambda API Routes")


def emailed_code(inbox: Inbox) -> str:
    found = re.search(r"/auth/callback\?code=([\w-]{43})", inbox.newest().text)
    assert found
    return found[1]


def test_link_in_the_email_links_where_the_flow_began(api: Api, acme: Provider, ada: Api, inbox: Inbox) -> None:
    come_back(api, acme)
    code = emailed_code(inbox)
    reply = redeem(api, code)
    assert reply.json["user"]["email"] == ADA
    assert [each["provider"] for each in ada.get(IDENTITIES).json["data"]] == ["acme"]
    assert redeem(api, code).json["code"] == "invalid_link"
    assert inbox.newest().subject == "Acme was linked to your account at Lambda API Routes"
    assert sign_in(api, acme).status == 200


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("verifier", [None, "w" * 43])
def test_link_in_the_email_is_worthless_elsewhere(
    api: Api, acme: Provider, ben: Api, inbox: Inbox, verifier: str | None
) -> None:
    """An email scanner, or someone with a copy of the email."""
    come_back(api, acme)
    code = emailed_code(inbox)
    for stranger in (api, ben):
        assert redeem(stranger, code, verifier).json["code"] == "invalid_link"
    assert stored.items("IdentitiesTable") == []


def test_link_in_the_email_links_in_a_fresh_session_of_its_account(
    api: Api, acme: Provider, ada: Api, inbox: Inbox
) -> None:
    come_back(api, acme)
    code = emailed_code(inbox)
    with time_machine.travel(clock.now() + 9 * clock.MINUTE):
        assert redeem(ada, code, None).status == 200
    assert len(stored.items("IdentitiesTable")) == 1


def test_link_in_the_email_needs_a_fresh_session(api: Api, acme: Provider, ada: Api, inbox: Inbox) -> None:
    with time_machine.travel(clock.now() + 11 * clock.MINUTE):
        come_back(api, acme)
        reply = redeem(ada, emailed_code(inbox), None)
    assert (reply.status, reply.json["code"]) == (403, "reauthentication_required")


@pytest.mark.usefixtures("ada")
def test_link_in_the_email_is_valid_for_ten_minutes(api: Api, acme: Provider, inbox: Inbox) -> None:
    come_back(api, acme)
    code = emailed_code(inbox)
    with time_machine.travel(clock.now() + 10 * clock.MINUTE):
        assert redeem(api, code).json["code"] == "invalid_link"


def test_linking_by_email_still_asks_for_the_factor(api: Api, acme: Provider, ada: Api, inbox: Inbox) -> None:
    enroll(ada)
    come_back(api, acme)
    reply = redeem(api, emailed_code(inbox))
    assert (reply.status, reply.json["code"]) == (403, "mfa_required")


@pytest.fixture
def auto(environment: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parameter SocialLinking is auto."""
    assert environment
    monkeypatch.setenv("SOCIAL_LINKING", "auto")


@pytest.mark.usefixtures("auto")
def test_with_auto_a_verified_account_is_linked_at_once(api: Api, acme: Provider, ada: Api, inbox: Inbox) -> None:
    assert sign_in(api, acme).json["user"]["email"] == ADA
    assert len(ada.get(IDENTITIES).json["data"]) == 1
    assert inbox.newest().subject == "Acme was linked to your account at Lambda API Routes"


@pytest.mark.usefixtures("ada")
@pytest.mark.usefixtures("auto")
def test_with_auto_an_unverified_account_is_not_linked(api: Api, acme: Provider) -> None:
    """GHSA-g38m-r43w-p2q7: whoever has opened the account may not own the address."""
    user = users.with_email(ADA)[0]
    tables.write(users.replacing(user, users.updated(user, email_verified=False)))
    assert come_back(api, acme) == {"error": "link_required"}


def test_invited_address_gets_its_invitation_again(api: Api, acme: Provider, admin: Api, inbox: Inbox) -> None:
    assert admin.post("/api/users", {"name": "Ada", "email": ADA, "role": "user"}).status == 201
    inbox.deliver()
    assert come_back(api, acme) == {"error": "invitation_pending"}
    assert "reset-password?token=" in inbox.newest().text
    assert stored.items("IdentitiesTable") == []


def test_address_that_is_held_for_an_undo_gets_the_link_again(api: Api, acme: Provider, ada: Api, inbox: Inbox) -> None:
    ada.post("/api/auth/change-email", {"newEmail": "new@example.com", "password": PASSWORD})
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    inbox.deliver()
    assert come_back(api, acme) == {"error": "address_reserved"}
    email = inbox.newest()
    assert email.to == ADA
    assert api.post("/api/auth/verify-email", {"token": email.token}).status == 200


def test_undo_of_a_change_of_address_unlinks_what_was_linked_since(
    api: Api, acme: Provider, ada: Api, inbox: Inbox
) -> None:
    ada.post("/api/auth/change-email", {"newEmail": "eve@example.com", "password": PASSWORD})
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    undo = inbox.newest().token
    acme.claims |= {"sub": "eve", "email": "eve@example.com"}
    assert link(ada, acme).status == 200
    assert api.post("/api/auth/verify-email", {"token": undo}).status == 200
    assert stored.items("IdentitiesTable") == []
    credential = credentials.find(ADA)
    assert credential is not None
    assert credential.identities == {}


def test_session_links_an_identity(api: Api, acme: Provider, ben: Api, inbox: Inbox) -> None:
    reply = link(ben, acme)
    assert session_of(ben, reply)["current"]
    [identity] = ben.with_token(reply.json["token"]).get(IDENTITIES).json["data"]
    assert (identity["provider"], identity["email"]) == ("acme", ADA)
    assert inbox.newest().to == "ben@example.com"
    assert sign_in(api, acme).json["user"]["email"] == "ben@example.com"


def test_only_the_session_that_asked_can_redeem_the_code(api: Api, acme: Provider, ben: Api) -> None:
    """An attacker who makes a victim's browser finish their flow must not get the victim's identity."""
    url = ben.post(IDENTITIES, {"provider": "acme", "codeChallenge": CHALLENGE}).json["url"]
    code = landed(api.get(f"{CALLBACK}{openid.query(**acme.authorize(url))}"))["code"]
    eve = member(api, "Eve", "eve@example.com")
    other_session = api.signed_in("ben@example.com", PASSWORD)
    for stranger in (api, eve, other_session):
        assert redeem(stranger, code).json["code"] == "invalid_link"
    assert redeem(ben, code, "w" * 43).json["code"] == "invalid_link"
    assert redeem(ben, code).status == 200


@pytest.mark.usefixtures("acme")
def test_linking_needs_a_fresh_session(ben: Api) -> None:
    with time_machine.travel(clock.now() + 11 * clock.MINUTE):
        reply = ben.post(IDENTITIES, {"provider": "acme", "codeChallenge": CHALLENGE})
    assert (reply.status, reply.json["code"]) == (403, "reauthentication_required")


def test_flow_that_links_ends_with_its_session(api: Api, acme: Provider, ben: Api) -> None:
    url = ben.post(IDENTITIES, {"provider": "acme", "codeChallenge": CHALLENGE}).json["url"]
    ben.post("/api/auth/logout")
    assert landed(api.get(f"{CALLBACK}{openid.query(**acme.authorize(url))}")) == {"error": "invalid_flow"}


def test_identity_that_is_linked_already_changes_nothing(acme: Provider, ben: Api) -> None:
    ben = ben.with_token(link(ben, acme).json["token"])
    before = session_of(ben, link(ben, acme))
    assert session_of(ben, link(ben, acme))["id"] == before["id"]
    assert len(stored.items("IdentitiesTable")) == len(ben.get(IDENTITIES).json["data"]) == 1


@pytest.mark.usefixtures("auto")
def test_with_auto_too_no_account_has_more_than_eight(api: Api, acme: Provider, ada: Api) -> None:
    for number in range(8):
        acme.claims["sub"] = f"ada-{number}"
        ada = ada.with_token(link(ada, acme).json["token"])
    acme.claims["sub"] = "ada-8"
    assert app_signs_in(api, acme).json["code"] == "too_many_identities"


def test_identity_of_another_account_cannot_be_linked(api: Api, acme: Provider, ben: Api) -> None:
    sign_in(api, acme)
    url = ben.post(IDENTITIES, {"provider": "acme", "codeChallenge": CHALLENGE}).json["url"]
    assert landed(api.get(f"{CALLBACK}{openid.query(**acme.authorize(url))}")) == {"error": "identity_taken"}


def test_identity_that_was_taken_meanwhile_cannot_be_linked(api: Api, acme: Provider, ben: Api) -> None:
    url = ben.post(IDENTITIES, {"provider": "acme", "codeChallenge": CHALLENGE}).json["url"]
    code = landed(api.get(f"{CALLBACK}{openid.query(**acme.authorize(url))}"))["code"]
    sign_in(api, acme)
    reply = redeem(ben, code)
    assert (reply.status, reply.json["code"]) == (409, "identity_taken")


def test_account_has_at_most_eight_identities(acme: Provider, ben: Api) -> None:
    codes = []
    for number in range(9):
        acme.claims["sub"] = f"ben-{number}"
        url = ben.post(IDENTITIES, {"provider": "acme", "codeChallenge": CHALLENGE}).json["url"]
        if number < 8:
            code = landed(ben.get(f"{CALLBACK}{openid.query(**acme.authorize(url))}"))["code"]
            reply = redeem(ben, code)
            ben = ben.with_token(reply.json["token"])
            codes.append(reply.status)
    assert codes == [200] * 8
    assert landed(ben.get(f"{CALLBACK}{openid.query(**acme.authorize(url))}")) == {"error": "too_many_identities"}


# Addresses that a provider is wrong about -----------------------------------------------------------


def by_email(api: Api, inbox: Inbox) -> Reply:
    """Sign in with the code of an email, as the owner of the mailbox."""
    inbox.deliver()
    request = api.post("/api/auth/login/email", {"email": ADA}).json["request"]
    return api.post("/api/auth/login/email/verify", {"request": request, "code": inbox.newest().code})


def test_owner_of_the_mailbox_is_told_that_a_provider_has_opened_an_account(
    api: Api, acme: Provider, inbox: Inbox
) -> None:
    sign_in(api, acme)
    email = inbox.newest()
    assert (email.to, email.subject) == (ADA, "Your account at Lambda API Routes")
    assert "Acme" in email.text


@pytest.mark.parametrize("way", ["email", "reset"])
def test_first_proof_of_the_mailbox_leaves_the_account_to_its_owner(
    api: Api, acme: Provider, inbox: Inbox, way: str
) -> None:
    """Someone has opened it with an address that was theirs at the provider long ago."""
    intruder = api.with_token(sign_in(api, acme).json["token"])
    waiting = come_back(api, acme)["code"]
    if way == "email":
        assert by_email(api, inbox).status == 200
    else:
        inbox.deliver()
        api.post("/api/auth/forgot-password", {"email": ADA})
        body = {"token": inbox.newest().token, "password": PASSWORD}
        assert api.post("/api/auth/reset-password", body).status == 204
    assert intruder.get("/api/auth/me").json["code"] == "session_ended"
    assert redeem(api, waiting).json["code"] == "invalid_link"
    assert stored.items("IdentitiesTable") == []
    assert come_back(api, acme) == {"error": "link_required"}


def test_later_proofs_of_the_mailbox_change_nothing(api: Api, acme: Provider, inbox: Inbox) -> None:
    sign_in(api, acme)
    owner = api.with_token(by_email(api, inbox).json["token"])
    owner = owner.with_token(link(owner, acme).json["token"])
    assert by_email(api, inbox).status == 200
    assert owner.get("/api/auth/me").status == 200
    assert len(stored.items("IdentitiesTable")) == 1


def test_link_in_the_email_is_a_proof_of_the_mailbox_too(api: Api, acme: Provider, inbox: Inbox) -> None:
    intruder = api.with_token(sign_in(api, acme).json["token"])
    acme.claims["sub"] = "owner"
    come_back(api, acme)
    assert redeem(api, emailed_code(inbox)).status == 200
    assert intruder.get("/api/auth/me").json["code"] == "session_ended"
    assert [item["subject"] for item in stored.items("IdentitiesTable")] == ["owner"]


def test_unlinking_ends_all_other_sessions(api: Api, acme: Provider, ben: Api) -> None:
    ben = ben.with_token(link(ben, acme).json["token"])
    intruder = api.with_token(sign_in(api, acme).json["token"])
    [identity] = ben.get(IDENTITIES).json["data"]
    assert ben.delete(f"{IDENTITIES}/{identity['id']}").status == 204
    assert intruder.get("/api/auth/me").json["code"] == "session_ended"
    assert ben.get("/api/auth/me").status == 200


def test_undo_of_a_change_of_address_unlinks_what_was_linked_before_it_too(
    api: Api, acme: Provider, ada: Api, inbox: Inbox
) -> None:
    acme.claims |= {"sub": "eve", "email": "eve@example.com"}
    ada = ada.with_token(link(ada, acme).json["token"])
    with time_machine.travel(clock.now() + clock.MINUTE):
        ada.post("/api/auth/change-email", {"newEmail": "eve@example.com", "password": PASSWORD})
        assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
        assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    assert stored.items("IdentitiesTable") == []


@pytest.mark.usefixtures("auto")
@pytest.mark.parametrize("what", ["spelling", "administrator", "factor"])
def test_with_auto_no_other_mailbox_administrator_or_factor_is_passed(
    api: Api, acme: Provider, admin: Api, what: str
) -> None:
    match what:
        case "spelling":
            member(api, "Ada", "strasse@example.com")
            acme.claims["email"] = "straße@example.com"
        case "administrator":
            assert admin.get("/api/users").status == 200
            acme.claims["email"] = "admin@example.com"
        case "factor":
            enroll(member(api, "Ada", ADA))
    assert come_back(api, acme) == {"error": "link_required"}


def test_link_in_the_email_links_an_account_with_a_factor_after_the_second_step(
    api: Api, acme: Provider, ada: Api, inbox: Inbox
) -> None:
    phone = enroll(ada)
    come_back(api, acme)
    code = emailed_code(inbox)
    reply = redeem(api, code)
    assert (reply.status, reply.json["code"]) == (403, "mfa_required")
    assert stored.items("IdentitiesTable") == []
    with time_machine.travel(clock.now() + clock.MINUTE):
        mfa = api.post("/api/auth/mfa", {"token": reply.json["mfa"]["token"], "code": phone.code()})
        assert redeem(api.with_token(mfa.json["token"]), code).status == 200
    assert len(stored.items("IdentitiesTable")) == 1


def test_flow_that_links_is_void_once_the_account_has_another_factor(api: Api, acme: Provider, ben: Api) -> None:
    url = ben.post(IDENTITIES, {"provider": "acme", "codeChallenge": CHALLENGE}).json["url"]
    enroll(ben)
    assert landed(api.get(f"{CALLBACK}{openid.query(**acme.authorize(url))}")) == {"error": "invalid_flow"}


def test_provider_is_no_proof_in_a_session_that_needs_a_stronger_one(api: Api, acme: Provider) -> None:
    owner = api.with_token(sign_in(api, acme).json["token"])
    enroll(owner)
    reply = redeem(owner, come_back(api, acme)["code"])
    assert (reply.status, reply.json["code"]) == (403, "mfa_required")


# What strangers may cause ---------------------------------------------------------------------------


@pytest.mark.usefixtures("acme")
def test_pages_that_other_sites_can_open_use_up_no_sign_in(api: Api) -> None:
    for url in (START, f"{CALLBACK}?state=x", ID_TOKEN):
        assert '"providers"' in api.get(url).headers["ratelimit-policy"]


def test_errors_that_a_browser_brings_are_no_failures_of_ours(
    api: Api, acme: Provider, capsys: pytest.CaptureFixture[str]
) -> None:
    away, browser = begin(api)
    state = acme.authorize(away)["state"]
    assert landed(browser.get(f"{CALLBACK}{openid.query(state=state, error='x')}")) == {"error": "provider_refused"}
    away, browser = begin(api)
    acme.answers["/token"] = lambda handler: openid.send_json(handler, {"error": "invalid_request"}, 400)
    answer = openid.query(**acme.authorize(away))
    assert landed(browser.get(f"{CALLBACK}{answer}")) == {"error": "invalid_id_token"}
    assert "ServerErrors" not in capsys.readouterr().out


@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client", None])
def test_errors_of_our_settings_are(api: Api, acme: Provider, error: str | None) -> None:
    away, browser = begin(api)
    body = {} if error is None else {"error": error}
    acme.answers["/token"] = lambda handler: openid.send_json(handler, body, 401)
    assert landed(browser.get(f"{CALLBACK}{openid.query(**acme.authorize(away))}")) == {"error": "unavailable"}


def test_code_of_the_provider_has_a_length_that_is_possible(api: Api, acme: Provider) -> None:
    away, browser = begin(api)
    answer = acme.authorize(away) | {"code": "x" * 5000}
    assert landed(browser.get(f"{CALLBACK}{openid.query(**answer)}")) == {"error": "validation_failed"}
    assert "/token" not in acme.paths()


@pytest.mark.parametrize(
    "metadata",
    [
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://127.0.0.1/\r\nset-cookie: a=b"},
        {"token_endpoint": None},
        {"jwks_uri": 5},
        {"userinfo_endpoint": "ftp://127.0.0.1"},
        {"id_token_signing_alg_values_supported": None},
        {"token_endpoint_auth_methods_supported": 5},
        {"id_token_signing_alg_values_supported": [None]},
    ],
)
def test_malformed_metadata_is_unavailable(api: Api, acme: Provider, metadata: dict[str, Any]) -> None:
    acme.metadata |= metadata
    assert api.get(START).status == 503


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer"])
def test_header_without_a_token_is_no_session(api: Api, acme: Provider, header: str) -> None:
    code = come_back(api, acme)["code"]
    assert redeem(Api({"authorization": header}), code).status == 200


# Unlinking ------------------------------------------------------------------------------------------


def test_unlinked_identity_signs_in_no_more(api: Api, acme: Provider, ada: Api, inbox: Inbox) -> None:
    ada = ada.with_token(link(ada, acme).json["token"])
    waiting = come_back(api, acme)["code"]
    [identity] = ada.get(IDENTITIES).json["data"]
    assert ada.delete(f"{IDENTITIES}/{identity['id']}").status == 204
    assert ada.get(IDENTITIES).json["data"] == []
    assert inbox.newest().subject == "Acme was unlinked from your account at Lambda API Routes"
    assert redeem(api, waiting).json["code"] == "invalid_link"
    assert come_back(api, acme) == {"error": "link_required"}


def test_last_way_in_stays(api: Api, acme: Provider) -> None:
    owner = api.with_token(sign_in(api, acme).json["token"])
    [identity] = owner.get(IDENTITIES).json["data"]
    reply = owner.delete(f"{IDENTITIES}/{identity['id']}")
    assert (reply.status, reply.json["code"]) == (409, "last_way_in")
    assert owner.post("/api/auth/change-password", {"newPassword": PASSWORD}).status == 200
    owner = api.signed_in(ADA, PASSWORD)
    assert owner.delete(f"{IDENTITIES}/{identity['id']}").status == 204


def test_identity_of_another_account_cannot_be_unlinked(api: Api, acme: Provider, ben: Api) -> None:
    owner = api.with_token(sign_in(api, acme).json["token"])
    [identity] = owner.get(IDENTITIES).json["data"]
    assert ben.delete(f"{IDENTITIES}/{identity['id']}").json["code"] == "identity_not_found"
    assert ben.delete(f"{IDENTITIES}/x").json["code"] == "identity_not_found"


def test_use_of_an_identity_is_recorded_once_a_day(api: Api, acme: Provider) -> None:
    sign_in(api, acme)
    [first] = stored.items("IdentitiesTable")
    with time_machine.travel(clock.now() + clock.HOUR):
        sign_in(api, acme)
        assert stored.items("IdentitiesTable") == [first]
    with time_machine.travel(clock.now() + clock.DAY):
        sign_in(api, acme)
        [later] = stored.items("IdentitiesTable")
    assert later["lastUsedAt"] >= first["lastUsedAt"] + clock.DAY


def test_unlinking_needs_a_fresh_session_and_is_limited(
    acme: Provider, ben: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben = ben.with_token(link(ben, acme).json["token"])
    [identity] = ben.get(IDENTITIES).json["data"]
    with time_machine.travel(clock.now() + 11 * clock.MINUTE):
        assert ben.delete(f"{IDENTITIES}/{identity['id']}").json["code"] == "reauthentication_required"
    monkeypatch.setattr(limits, "_MAX_FACTOR_CHANGES_PER_DAY", 1)
    assert ben.delete(f"{IDENTITIES}/{identity['id']}").json["code"] == "too_many_requests"


def test_link_in_the_email_is_refused_by_an_account_with_eight_identities(
    api: Api, acme: Provider, ada: Api, inbox: Inbox
) -> None:
    for number in range(8):
        acme.claims["sub"] = f"ada-{number}"
        ada = ada.with_token(link(ada, acme).json["token"])
    acme.claims["sub"] = "ada-8"
    inbox.deliver()
    come_back(api, acme)
    reply = redeem(api, emailed_code(inbox))
    assert (reply.status, reply.json["code"]) == (409, "too_many_identities")


@pytest.mark.usefixtures("acme")
def test_without_its_own_address_the_api_sends_nobody_away(api: Api, ben: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_ISSUER", "lambda-api-routes")
    config.settings.cache_clear()
    ben = api.signed_in("ben@example.com", PASSWORD)
    assert api.get(START).json["code"] == "no_issuer"
    reply = ben.post(IDENTITIES, {"provider": "acme", "codeChallenge": CHALLENGE})
    assert (reply.status, reply.json["code"]) == (404, "no_issuer")


# Id tokens from apps --------------------------------------------------------------------------------


def test_id_token_signs_in(api: Api, acme: Provider) -> None:
    assert app_signs_in(api, acme).json["user"]["email"] == ADA
    assert app_signs_in(api, acme).json["user"]["email"] == ADA


def test_id_token_of_a_native_client_signs_in(api: Api, acme: Provider) -> None:
    own = {"issuer": acme.issuer, "clientId": CLIENT_ID, "nativeClientIds": ["ios", "android"]}
    configure(acme=own)
    assert app_signs_in(api, acme, aud=CLIENT_ID, azp="android").status == 200
    assert app_signs_in(api, acme, aud="ios").status == 200
    assert app_signs_in(api, acme, aud="another").json["code"] == "invalid_id_token"


def test_token_may_have_the_hash_of_the_nonce(api: Api, acme: Provider) -> None:
    nonce = api.get(ID_TOKEN).json["nonce"]
    token = acme.id_token(hashlib.sha256(nonce.encode()).hexdigest())
    assert api.post(ID_TOKEN, {"idToken": token, "nonce": nonce}).status == 200


def test_id_token_counts_once(api: Api, acme: Provider) -> None:
    nonce = api.get(ID_TOKEN).json["nonce"]
    body = {"idToken": acme.id_token(nonce), "nonce": nonce}
    assert [api.post(ID_TOKEN, body).status for _ in range(2)] == [200, 401]


@pytest.mark.parametrize("nonce", ["invented", "A" * 64, "é"])
def test_nonce_is_ours(api: Api, acme: Provider, nonce: str) -> None:
    body = {"idToken": acme.id_token(nonce), "nonce": nonce}
    assert api.post(ID_TOKEN, body).json["code"] == "invalid_id_token"


def test_nonce_expires_after_ten_minutes(api: Api, acme: Provider) -> None:
    nonce = api.get(ID_TOKEN).json["nonce"]
    with time_machine.travel(clock.now() + 10 * clock.MINUTE):
        body = {"idToken": acme.id_token(nonce), "nonce": nonce}
        assert api.post(ID_TOKEN, body).json["code"] == "invalid_id_token"


def test_id_token_for_an_account_that_is_not_linked_asks_for_the_link(
    api: Api, acme: Provider, ada: Api, inbox: Inbox
) -> None:
    reply = app_signs_in(api, acme)
    assert (reply.status, reply.json["code"]) == (409, "link_required")
    code = emailed_code(inbox)
    assert redeem(api, code).json["code"] == "invalid_link"
    assert redeem(ada, code, None).status == 200
    assert app_signs_in(api, acme).status == 200


@pytest.mark.usefixtures("ada")
@pytest.mark.usefixtures("auto")
def test_id_token_links_at_once_with_auto(api: Api, acme: Provider) -> None:
    assert app_signs_in(api, acme).status == 200
    assert len(stored.items("IdentitiesTable")) == 1


def test_id_token_asks_for_the_factor(api: Api, acme: Provider) -> None:
    enroll(api.with_token(app_signs_in(api, acme).json["token"]))
    reply = app_signs_in(api, acme)
    assert (reply.status, reply.json["code"]) == (403, "mfa_required")


def test_id_token_is_refused_as_a_browser_is(api: Api, acme: Provider, admin: Api, ada: Api, inbox: Inbox) -> None:
    ada.post("/api/auth/change-email", {"newEmail": "new@example.com", "password": PASSWORD})
    assert api.post("/api/auth/verify-email", {"token": inbox.newest().token}).status == 200
    assert app_signs_in(api, acme).json["code"] == "address_reserved"
    acme.claims |= {"sub": "ben-1", "email": "ben@example.com"}
    admin.post("/api/users", {"name": "Ben", "email": "ben@example.com", "role": "user"})
    assert app_signs_in(api, acme).json["code"] == "invitation_pending"
    acme.claims |= {"sub": "eve-1", "email": "eve@example.com", "email_verified": False}
    assert app_signs_in(api, acme).json["code"] == "email_unverified"
    acme.claims["email_verified"] = True
    user_id = app_signs_in(api, acme).json["user"]["id"]
    assert admin.patch(f"/api/users/{user_id}", {"status": "disabled"}).status == 200
    assert app_signs_in(api, acme).json["code"] == "account_disabled"


def test_use_of_an_id_token_is_recorded_once_a_day(api: Api, acme: Provider) -> None:
    app_signs_in(api, acme)
    with time_machine.travel(clock.now() + clock.DAY):
        app_signs_in(api, acme)
        [identity] = stored.items("IdentitiesTable")
    assert identity["lastUsedAt"] > identity["createdAt"]


# The export -----------------------------------------------------------------------------------------


def test_export_has_the_identities(api: Api, acme: Provider) -> None:
    owner = api.with_token(sign_in(api, acme).json["token"])
    exported = owner.get("/api/auth/export").json["data"]
    assert exported["identities"] == owner.get(IDENTITIES).json["data"]


@pytest.mark.usefixtures("acme")
def test_identity_is_issuer_and_subject() -> None:
    assert identities.id_of("https://a", "b") != identities.id_of("https://a\nb", "")
