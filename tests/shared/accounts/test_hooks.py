"""Hooks: a project's own claims, and its check of requests that cause an email. The third is part of the policy."""

import json
import re
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest

from shared.accounts import hooks, tokens
from shared.core import outbound
from shared.core.errors import DomainNotAllowed, Error, Unavailable
from shared.records import secret_versions, sessions, users
from shared.values import base64url
from shared.values.client import Client
from tests.support import PASSWORD, ROOT, stored
from tests.support.accounts import member
from tests.support.api import Api, Inbox

ADA = "ada@example.com"
CLIENT = Client(ip="192.0.2.1", user_agent="")
USER = users.new(name="Ada", email=ADA, role="user", email_verified=True)

# Claims ---------------------------------------------------------------------------------------------


def decoded(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64url.decode(part))
    return claims


@pytest.fixture
def add(monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, Any]], None]:
    """Let the hook return these claims."""

    def returning(claims: Mapping[str, Any]) -> None:
        monkeypatch.setattr(hooks, "claims", lambda _: claims)

    return returning


def test_claims_of_the_project_are_in_each_token(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    member(api, "Ada", ADA)
    monkeypatch.setattr(hooks, "claims", lambda session: {"team": "engines", "https://example.com/name": session.name})
    signed_in = api.post("/api/auth/login", {"email": ADA, "password": PASSWORD}).json
    refreshed = api.post("/api/auth/refresh", {"refreshToken": signed_in["refreshToken"]}).json
    for reply in (signed_in, refreshed):
        claims = decoded(reply["token"])
        assert (claims["team"], claims["https://example.com/name"], claims["email"]) == ("engines", "Ada", ADA)
        assert api.with_token(reply["token"]).get("/api/auth/me").status == 200


@pytest.mark.usefixtures("fake_aws")
@pytest.mark.parametrize(
    "name",
    ["iss", "aud", "sub", "userId", "email", "role", "sid", "gen", "jti", "amr", "acr", "auth_time", "exp", "nbf"],
)
def test_claim_that_tokens_have_already_is_refused(add: Callable[[Mapping[str, Any]], None], name: str) -> None:
    session = sessions.new(USER, CLIENT)
    assert tokens.access_token(session)
    add({name: "1", "team": "engines"})
    with pytest.raises(ValueError, match=f"hooks.claims returns {name}, which"):
        tokens.access_token(session)


@pytest.mark.usefixtures("fake_aws")
def test_token_that_would_be_too_long_to_verify_is_not_issued(add: Callable[[Mapping[str, Any]], None]) -> None:
    session = sessions.new(USER, CLIENT)
    add({"team": "x" * 2200})
    assert tokens.verify(tokens.access_token(session)).user_id == USER.id
    add({"team": "x" * 3000})
    with pytest.raises(ValueError, match=r"the token has \d+ of 4096 characters"):
        tokens.access_token(session)


# Requests that cause an email -----------------------------------------------------------------------

REQUESTS: Mapping[str, Mapping[str, str]] = {
    "/api/auth/register": {"name": "Ada", "email": ADA, "password": PASSWORD},
    "/api/auth/forgot-password": {"email": ADA},
    "/api/auth/login/email": {"email": ADA},
    "/api/contact": {"name": "Ada", "email": ADA, "message": "Hello"},
}


def forms() -> list[Any]:
    return [
        stored.items(table) for table in ("RegistrationsTable", "OutboxTable", "SubmissionsTable", "OneTimeTokensTable")
    ]


@pytest.mark.parametrize("url", REQUESTS)
def test_check_gets_the_token_and_the_client_before_anything_is_written(
    api: Api, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    seen: list[tuple[str | None, str, bool]] = []

    def before_mail_to_stranger(captcha_token: str | None, client: Client) -> None:
        seen.append((captcha_token, client.ip, forms() == [[], [], [], []]))

    monkeypatch.setattr(hooks, "before_mail_to_stranger", before_mail_to_stranger)
    assert api.post(url, {**REQUESTS[url], "captchaToken": "solved"}).status in {201, 202}
    assert seen == [("solved", "192.0.2.1", True)]
    assert forms() != [[], [], [], []]
    api.post(url, REQUESTS[url])
    assert seen[1][0] is None


@pytest.mark.parametrize("url", REQUESTS)
def test_refusal_writes_nothing_and_is_the_response(
    api: Api, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    refuse(monkeypatch)
    with pytest.MonkeyPatch.context() as patch:
        # The document has no error of this hook, so the response is compared here.
        patch.setattr("tests.support.proof.see", lambda *_: None)
        reply = api.post(url, REQUESTS[url])
    assert (reply.status, reply.json["code"]) == (403, DomainNotAllowed.code)
    assert forms() == [[], [], [], []]
    assert inbox.all() == []


def refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    def before_mail_to_stranger(captcha_token: str | None, client: Client) -> None:
        del captcha_token, client
        raise DomainNotAllowed

    monkeypatch.setattr(hooks, "before_mail_to_stranger", before_mail_to_stranger)


def test_bot_in_a_form_costs_no_check(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch)
    assert api.post("/api/contact", {**REQUESTS["/api/contact"], "website": "x"}).status == 201


def test_token_is_no_part_of_a_submission(admin: Api, inbox: Inbox) -> None:
    body = urlencode({**REQUESTS["/api/contact"], "captchaToken": "solved"})
    reply = Api().post("/api/contact", body, content_type="application/x-www-form-urlencoded")
    assert reply.status == 201
    (submission,) = admin.get("/api/contact").json["data"]
    assert submission.keys() == {"id", "createdAt", *REQUESTS["/api/contact"]}
    assert "solved" not in inbox.newest().text


def test_page_for_a_mistake_in_a_form_has_no_field_for_the_token(api: Api) -> None:
    headers = {"content_type": "application/x-www-form-urlencoded", "accept": "text/html"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.support.proof.see", lambda *_: None)
        reply = api.post("/api/contact", "name=Ada&captchaToken=solved", **headers)
    assert reply.status == 400
    assert re.findall(r'<(?:input|textarea) [^>]*?name="(\w+)"', reply.text) == ["name", "email", "message", "website"]


# The captcha of CONTRIBUTING.md ---------------------------------------------------------------------


@pytest.fixture
def guide() -> ModuleType:
    """The hooks of the guide."""
    section = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("### A captcha")[2].partition("\n## ")[0]
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    module = ModuleType("guide")
    exec(code, vars(module))  # noqa: S102  # our own document
    return module


@pytest.fixture
def siteverify(guide: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What Turnstile answers, and then what it was sent."""
    calls: list[Any] = []

    def post(_: object, path: str, *, body: str, headers: Mapping[str, str]) -> outbound.Answer:
        answer = calls.pop(0)
        calls.append((path, parse_qs(body), dict(headers)))
        if isinstance(answer, Exception):
            raise answer
        return outbound.Answer(200, {}, answer)

    assert guide.before_mail_to_stranger
    monkeypatch.setattr(outbound.Service, "post", post)
    monkeypatch.setenv("TURNSTILE_SECRET", "TurnstileSecret")
    monkeypatch.setattr(secret_versions, "read", lambda *_, **__: ("1", "key"))
    return calls


def test_captcha_is_verified_with_the_secret_and_the_address_of_the_client(
    guide: ModuleType, siteverify: list[Any]
) -> None:
    siteverify.append(b'{"success": true}')
    guide.before_mail_to_stranger("solved", CLIENT)
    (call,) = siteverify
    assert call[:2] == (
        "/turnstile/v0/siteverify",
        {"secret": ["key"], "response": ["solved"], "remoteip": ["192.0.2.1"]},
    )


def test_missing_or_wrong_captcha_is_refused(guide: ModuleType, siteverify: list[Any]) -> None:
    for token in (None, ""):
        with pytest.raises(Error, match="Confirm that you are human"):
            guide.before_mail_to_stranger(token, CLIENT)
    assert siteverify == []
    siteverify.append(b'{"success": false, "error-codes": ["timeout-or-duplicate"]}')
    with pytest.raises(Error, match="Confirm that you are human"):
        guide.before_mail_to_stranger("used", CLIENT)


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    "answer",
    [
        Unavailable("turnstile: timeout"),
        *(b"", b"[]", b"{}", b'{"success": 1}', b'{"success": false}', b'{"success": false, "error-codes": {}}'),
        b'{"success": false, "error-codes": [[], {}]}',
        b'{"success": false, "error-codes": ["invalid-input-secret"]}',
    ],
    ids=repr,
)
def test_captcha_fails_open_and_is_counted(
    guide: ModuleType, siteverify: list[Any], capsys: pytest.CaptureFixture[str], answer: Any
) -> None:
    siteverify.append(answer)
    guide.before_mail_to_stranger("solved", CLIENT)
    assert '"RequestsUnchecked":1' in capsys.readouterr().out


@pytest.mark.usefixtures("environment")
def test_captcha_without_a_secret_fails_open_and_is_counted(
    guide: ModuleType, siteverify: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(secret_versions, "read", lambda *_, **__: None)
    guide.before_mail_to_stranger("solved", CLIENT)
    assert siteverify == []
    assert '"RequestsUnchecked":1' in capsys.readouterr().out
