"""/api/auth/login, /api/auth/me and /api/auth/logout."""

import json
from typing import Any

import bcrypt
import jwt
import pytest
import time_machine

from shared.core.errors import Unavailable
from shared.records import users
from shared.values.details import Details
from tests.support import PASSWORD, stored
from tests.support.accounts import ADMIN_EMAIL
from tests.support.api import Api
from tests.support.assertions import assert_error, assert_headers
from tests.support.aws import KEY_VERSION
from tests.support.faults import Wire

URL = "/api/auth/login"
ADA = {"email": "ada@example.com", "password": PASSWORD}


# Sign-in -------------------------------------------------------------------------------------------


def test_login_returns_tokens_and_the_user(ada: Api) -> None:
    reply = Api().post(URL, ADA)
    assert reply.status == 200
    assert_headers(reply)
    me = ada.get("/api/auth/me").json["data"]["user"]
    assert {**reply.json, "token": "", "refreshToken": "", "device": ""} == {
        "token": "",
        "tokenType": "Bearer",
        "expiresIn": 3600,
        "refreshToken": "",
        "device": "",
        "user": {"id": me["id"], "email": "ada@example.com", "name": "Ada", "role": "user"},
    }
    assert reply.json["token"] != reply.json["refreshToken"]


def test_access_token_has_exactly_the_documented_claims(ada: Api) -> None:
    header = jwt.get_unverified_header(ada.token)
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": KEY_VERSION}
    claims = jwt.decode(ada.token, options={"verify_signature": False})
    identity = {"iss", "aud", "sub", "userId", "email", "role", "sid", "gen", "jti", "iat", "exp"}
    assert set(claims) == identity | {"amr", "acr", "auth_time"}
    assert claims["userId"] == claims["sub"] == ada.get("/api/auth/me").json["data"]["user"]["id"]
    assert claims["sid"] == ada.get("/api/auth/me").json["data"]["session"]["id"]
    assert claims["exp"] == claims["iat"] + 3600
    assert (claims["role"], claims["email"]) == ("user", "ada@example.com")
    assert (claims["amr"], claims["acr"]) == (["pwd"], "aal1")
    # The token is signed some milliseconds later.
    assert claims["iat"] - claims["auth_time"] in {0, 1}


def test_each_login_starts_its_own_session(ada: Api) -> None:
    other = ada.signed_in(ADA["email"], PASSWORD)
    assert other.token != ada.token
    assert len(stored.sessions()) == 2
    stored.check()


def test_login_ignores_case_and_surrounding_spaces_of_the_address(ada: Api) -> None:
    for email in ("ADA@EXAMPLE.COM", " ada@example.com "):
        assert ada.post(URL, {**ADA, "email": email}).status == 200


def test_all_failed_logins_get_the_same_response(admin: Api, ada: Api) -> None:
    admin.post("/api/users", {"name": "Ben", "email": "invited@example.com"})
    url = f"/api/users/{ada.get('/api/auth/me').json['data']['user']['id']}"
    replies = [
        Api().post(URL, {"email": "nobody@example.com", "password": PASSWORD}),
        Api().post(URL, {**ADA, "password": "not the password"}),
        Api().post(URL, {**ADA, "password": ""}),
        Api().post(URL, {"email": "invited@example.com", "password": PASSWORD}),
    ]
    admin.patch(url, {"status": "disabled"})
    replies.append(Api().post(URL, ADA))
    for reply in replies:
        assert_error(reply, 401, "invalid_credentials")
        assert reply.json["message"] == "Invalid credentials"
        assert reply.headers["www-authenticate"] == "Bearer"
        assert {**reply.json, "requestId": ""} == {**replies[0].json, "requestId": ""}
        assert reply.headers.keys() == replies[0].headers.keys()


@pytest.mark.usefixtures("ada")
def test_all_failed_logins_take_the_same_work(admin: Api, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    admin.post("/api/users", {"name": "Ben", "email": "invited@example.com"})
    hashes: list[bytes] = []
    hashpw = bcrypt.hashpw

    def counted(password: bytes, salt: bytes) -> bytes:
        hashes.append(salt[:7])
        return hashpw(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", counted)
    for email in ("nobody@example.com", "ada@example.com", "invited@example.com", ADMIN_EMAIL):
        wire.reset()
        hashes.clear()
        Api().post(URL, {"email": email, "password": "not the password"})
        # The rate limit, credentials, the tries of the network and of everyone, profile, the failure twice, its entry.
        # The third and fourth take two writes if there were tries before, whether or not there is an account.
        counts = ["UpdateItem"] * 2
        expected = ["UpdateItem", "GetItem", *counts, "GetItem", "UpdateItem", "PutItem", "UpdateItem"]
        assert wire.calls == expected, email
        assert hashes == [b"$2b$04$"], email


def test_tries_during_an_outage_are_not_counted(ada: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(_: str) -> None:
        raise Unavailable

    stranger = Api(ip="203.0.113.5")
    with monkeypatch.context() as patched:
        patched.setattr(users, "find", unavailable)
        assert [stranger.post(URL, ADA).status for _ in range(6)] == [503] * 6
    assert stranger.post(URL, ADA).status == 200
    assert ada.get("/api/auth/me").status == 200


@pytest.mark.parametrize(
    "body", [{}, {"email": ""}, {"email": "ada@example.com"}, {"password": "x"}, {"email": None, "password": None}]
)
def test_email_and_password_are_required(api: Api, body: dict[str, Any]) -> None:
    reply = api.post(URL, body)
    assert_error(reply, 400, "validation_failed")
    assert reply.json["message"] == "Email and password are required"


def test_the_message_names_the_wrong_field_even_if_another_is_missing(api: Api) -> None:
    reply = api.post(URL, {"email": "no address"})
    assert_error(reply, 400, "validation_failed")
    assert reply.json["message"] == f"email: {reply.json['errors'][0]['message']}"
    assert [each["field"] for each in reply.json["errors"]] == ["email", "password"]


@pytest.mark.parametrize("password", ["x" * 100_000, "\x00", "a\x00b", "é" * 300, "pass\u0301" * 99])
def test_login_accepts_any_text_as_a_password_to_compare(ada: Api, password: str) -> None:
    assert_error(ada.post(URL, {**ADA, "password": password}), 401, "invalid_credentials")


def test_password_crafted_for_slow_normalization_is_rejected_quickly(ada: Api) -> None:
    """Python normalizes long runs of combining marks in quadratic time: a megabyte takes hours."""
    marks = "a" + "\u0301\u0327" * 120_000
    body = json.dumps({"name": "Ada", "email": "ada@example.com", "password": marks}, ensure_ascii=False)
    assert_error(ada.post(URL, body), 401, "invalid_credentials")
    assert_error(ada.post("/api/auth/register", body), 400, "validation_failed")


@pytest.mark.usefixtures("ada")
def test_client_address_comes_from_the_gateway_not_from_headers() -> None:
    caller = Api({"x-forwarded-for": "203.0.113.9", "user-agent": "Tester " + "x" * 999}, ip="198.51.100.7")
    caller = caller.signed_in(ADA["email"], PASSWORD)
    session = caller.get("/api/auth/me").json["data"]["session"]
    assert session["ip"] == "198.51.100.7"
    assert session["userAgent"] == ("Tester " + "x" * 999)[:256]


# Profile and session -------------------------------------------------------------------------------


def test_me_returns_profile_and_session(ada: Api) -> None:
    reply = ada.get("/api/auth/me")
    assert reply.status == 200
    assert list(reply.json) == ["success", "data"]
    user, session = reply.json["data"]["user"], reply.json["data"]["session"]
    assert list(reply.json["data"]) == ["user", "session"]
    flags = ["role", "status", "emailVerified", "emailStatus"]
    assert list(user) == ["id", "name", "email", *flags, "createdAt", "updatedAt", *Details.__annotations__]
    assert set(session) == {"id", "createdAt", "lastUsedAt", "expiresAt", "ip", "userAgent", "amr", "aal", "current"}
    assert session["current"] is True
    assert (session["ip"], session["userAgent"]) == ("192.0.2.1", "tests/1.0")


@pytest.mark.usefixtures("ada")
def test_access_token_is_valid_for_an_hour(api: Api) -> None:
    with time_machine.travel(1_900_000_000, tick=False) as clock:
        caller = api.signed_in(ADA["email"], PASSWORD)
        clock.shift(3599)
        assert caller.get("/api/auth/me").status == 200
        clock.shift(1)
        assert_error(caller.get("/api/auth/me"), 401, "token_expired")


def test_each_authenticated_call_reads_session_and_profile(ada: Api, wire: Wire) -> None:
    ada.get("/api/auth/me")
    wire.reset()
    ada.get("/api/auth/me")
    assert wire.calls == ["GetItem", "GetItem"]


# Sign-out ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [None, "", {}, {"scope": "local"}, {"other": 1}])
def test_logout_ends_only_the_current_session_by_default(ada: Api, body: Any) -> None:
    other = ada.signed_in(ADA["email"], PASSWORD)
    reply = ada.post("/api/auth/logout", body)
    assert (reply.status, reply.text) == (204, "")
    assert_headers(reply)
    assert_error(ada.get("/api/auth/me"), 401, "session_ended")
    assert_error(ada.post("/api/auth/logout"), 401, "session_ended")
    assert other.get("/api/auth/me").status == 200


def test_logout_of_others_keeps_the_current_session(ada: Api, ben: Api) -> None:
    others = [ada.signed_in(ADA["email"], PASSWORD) for _ in range(3)]
    assert ada.post("/api/auth/logout", {"scope": "others"}).status == 204
    assert ada.get("/api/auth/me").status == 200
    assert ben.get("/api/auth/me").status == 200
    for other in others:
        assert_error(other.get("/api/auth/me"), 401, "session_ended")


def test_global_logout_ends_all_sessions_of_the_user_only(ada: Api, ben: Api) -> None:
    other = ada.signed_in(ADA["email"], PASSWORD)
    assert other.post("/api/auth/logout", {"scope": "global"}).status == 204
    for caller in (ada, other):
        assert_error(caller.get("/api/auth/me"), 401, "session_ended")
    assert ben.get("/api/auth/me").status == 200
    assert Api().post(URL, ADA).status == 200


@pytest.mark.parametrize("scope", ["all", "", None, 1, "LOCAL", ["local"]])
def test_invalid_logout_scope_is_rejected(ada: Api, scope: Any) -> None:
    reply = ada.post("/api/auth/logout", {"scope": scope})
    assert_error(reply, 400, "validation_failed")
    assert [error["field"] for error in reply.json["errors"]] == ["scope"]
    assert ada.get("/api/auth/me").status == 200
