"""/api/auth/reauthenticate, and what needs a fresh session."""

from collections.abc import Iterator

import jwt
import pytest
import time_machine

from shared.core import clock
from shared.records import keys, users
from tests.support import PASSWORD, stored
from tests.support.api import Api

URL = "/api/auth/reauthenticate"
LOGIN = {"email": "ada@example.com", "password": PASSWORD}
NEW = "a rather different sentence"


@pytest.fixture
def now() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(clock.now(), tick=False) as coordinates:
        yield coordinates


def id_of(api: Api) -> str:
    return str(api.get("/api/auth/me").json["data"]["user"]["id"])


def test_reauthentication_answers_like_login_and_continues_the_session(ada: Api, api: Api) -> None:
    signed_in = api.post("/api/auth/login", LOGIN).json
    reply = api.with_token(signed_in["token"]).post(URL, {"password": PASSWORD})
    assert reply.status == 200
    assert reply.json.keys() == signed_in.keys()
    assert reply.json["user"] == signed_in["user"]
    before, after = (jwt.decode(each["token"], options={"verify_signature": False}) for each in (signed_in, reply.json))
    assert (after["sid"], after["gen"]) == (before["sid"], before["gen"] + 1)
    assert len(stored.sessions()) == 2
    assert ada.get("/api/auth/activity").json["data"][0]["event"] == "user_reauthenticated"
    assert api.post("/api/auth/refresh", {"refreshToken": reply.json["refreshToken"]}).status == 200


def test_wrong_password_changes_nothing_and_counts(ada: Api, api: Api) -> None:
    before = stored.sessions()
    for _ in range(5):
        reply = ada.post(URL, {"password": "wrong"})
        assert (reply.status, reply.json["code"]) == (401, "invalid_credentials")
    assert stored.sessions() == before
    assert ada.post(URL, {"password": PASSWORD}).status == 401
    assert api.post(URL, {"password": PASSWORD}).json["code"] == "no_token"
    message = "Provide one of password, code, recoveryCode, credential, or request and mailCode"
    assert ada.post(URL, {}).json["message"] == message


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("reauthenticate", {"password": PASSWORD}),
        ("change-password", {"currentPassword": PASSWORD, "newPassword": NEW}),
    ],
)
def test_proof_is_answered_with_tokens_at_a_cold_start_too(ada: Api, path: str, body: dict[str, str]) -> None:
    keys.memory.forget()
    reply = ada.post(f"/api/auth/{path}", body)
    assert ada.with_token(reply.json["token"]).get("/api/auth/me").status == 200


@pytest.mark.parametrize("proof", ["reauthenticate", "change-password"])
def test_proof_voids_earlier_refresh_tokens_at_once_and_the_session_continues(
    ada: Api, api: Api, now: time_machine.Traveller, proof: str
) -> None:
    signed_in = api.post("/api/auth/login", LOGIN).json
    second = api.post("/api/auth/refresh", {"refreshToken": signed_in["refreshToken"]}).json
    body = {"password": PASSWORD} if proof == "reauthenticate" else {"currentPassword": PASSWORD, "newPassword": NEW}
    renewed = api.with_token(second["token"]).post(f"/api/auth/{proof}", body).json
    for copied in (signed_in, second):
        reply = api.post("/api/auth/refresh", {"refreshToken": copied["refreshToken"]})
        assert (reply.status, reply.json["code"]) == (401, "invalid_refresh_token")
    assert api.with_token(second["token"]).get("/api/auth/me").status == 200
    now.shift(11)
    reply = api.with_token(second["token"]).get("/api/auth/me")
    assert (reply.status, reply.json["code"]) == (401, "token_expired")
    assert api.with_token(renewed["token"]).get("/api/auth/me").status == 200
    assert api.post("/api/auth/refresh", {"refreshToken": renewed["refreshToken"]}).status == 200
    assert ada.get("/api/auth/me").status == (200 if proof == "reauthenticate" else 401)


def test_session_is_fresh_for_ten_minutes_and_a_refresh_does_not_extend_that(
    ada: Api, now: time_machine.Traveller
) -> None:
    target = f"/api/users/{id_of(ada)}"
    signed_in = ada.post("/api/auth/login", LOGIN).json
    now.shift(10 * clock.MINUTE)
    signed_in = ada.post("/api/auth/refresh", {"refreshToken": signed_in["refreshToken"]}).json
    caller = ada.with_token(signed_in["token"])
    reply = caller.delete(target)
    assert (reply.status, reply.json["code"]) == (403, "reauthentication_required")
    assert reply.json["methods"] == ["password"]
    caller = ada.with_token(caller.post(URL, {"password": PASSWORD}).json["token"])
    now.shift(10 * clock.MINUTE - 1)
    assert caller.delete(target).status == 204


def test_administrator_must_be_fresh_for_what_gives_or_takes_access(
    admin: Api, ada: Api, now: time_machine.Traveller
) -> None:
    target, own = f"/api/users/{id_of(ada)}", f"/api/users/{id_of(admin)}"
    now.shift(10 * clock.MINUTE)

    def attempts() -> list[int]:
        person = {"name": "Dee", "email": "dee@example.com"}
        return [
            admin.post("/api/users", {**person, "role": "admin"}).status,
            admin.patch(target, {"role": "admin"}).status,
            admin.patch(target, {"status": "disabled"}).status,
            admin.put(target, {"name": "A", "role": "user", "status": "disabled"}).status,
            admin.delete(target).status,
        ]

    assert attempts() == [403] * 5
    assert admin.patch(target, {"name": "Ada L."}).status == 200
    assert admin.put(target, {"name": "Ada", "role": "user", "status": "active"}).status == 200
    assert admin.patch(own, {"role": "user"}).json["code"] == "last_admin"
    assert admin.post("/api/users", {"name": "Gus", "email": "gus@example.com"}).status == 201
    (user,) = users.with_email("ada@example.com")
    assert (user.role, user.status) == ("user", "active")
    admin = admin.with_token(admin.post(URL, {"password": PASSWORD}).json["token"])
    assert attempts() == [201, 200, 200, 200, 204]


def test_fresh_session_may_change_the_address_without_a_password(ada: Api, now: time_machine.Traveller) -> None:
    assert ada.post("/api/auth/change-email", {"newEmail": "countess@example.com"}).status == 202
    now.shift(10 * clock.MINUTE)
    reply = ada.post("/api/auth/change-email", {"newEmail": "countess@example.com"})
    assert (reply.status, reply.json["code"]) == (403, "reauthentication_required")
    body = {"newEmail": "countess@example.com", "password": PASSWORD}
    assert ada.post("/api/auth/change-email", body).status == 202
    assert ada.post("/api/auth/change-email", {**body, "password": "wrong"}).status == 401
