"""/api/auth/refresh: rotation of refresh tokens, reuse detection and session lifetimes."""

import pytest
import time_machine

from shared.core import clock
from tests.support import PASSWORD
from tests.support.api import Api, Inbox, Reply

ADA = {"email": "ada@example.com", "password": PASSWORD}


def login(api: Api) -> str:
    """Sign in. Return the refresh token."""
    return str(api.post("/api/auth/login", ADA).json["refreshToken"])


def refresh(api: Api, token: str) -> Reply:
    return api.post("/api/auth/refresh", {"refreshToken": token})


@pytest.mark.usefixtures("ada")
def test_refresh_answers_like_login_with_new_tokens(api: Api) -> None:
    signed_in = api.post("/api/auth/login", ADA).json
    reply = refresh(api, signed_in["refreshToken"])
    assert reply.status == 200
    assert reply.json.keys() == signed_in.keys()
    assert reply.json["user"] == signed_in["user"]
    assert reply.json["refreshToken"] != signed_in["refreshToken"]
    assert api.with_token(reply.json["token"]).get("/api/auth/me").status == 200


@pytest.mark.usefixtures("ada")
def test_previous_token_gets_the_same_successor_at_any_time(api: Api) -> None:
    first = login(api)
    second = refresh(api, first).json["refreshToken"]
    assert refresh(api, first).json["refreshToken"] == second
    with time_machine.travel(clock.now() + clock.DAY):
        assert refresh(api, first).json["refreshToken"] == second


@pytest.mark.usefixtures("ada")
def test_reuse_of_an_older_token_ends_the_session_and_notifies_the_user(api: Api, inbox: Inbox) -> None:
    first = login(api)
    second = refresh(api, first).json["refreshToken"]
    third = refresh(api, second).json
    reply = refresh(api, first)
    assert (reply.status, reply.json["code"]) == (401, "refresh_token_reused")
    assert "ended" in inbox.newest().subject
    assert refresh(api, third["refreshToken"]).json["code"] == "invalid_refresh_token"
    assert api.with_token(third["token"]).get("/api/auth/me").json["code"] == "session_ended"


@pytest.mark.usefixtures("ada")
def test_each_refresh_extends_the_session_up_to_90_days(api: Api) -> None:
    start = clock.now()
    token = login(api)
    for day in (29, 58, 87):
        with time_machine.travel(start + day * clock.DAY):
            token = refresh(api, token).json["refreshToken"]
    with time_machine.travel(start + 90 * clock.DAY + 1):
        reply = refresh(api, token)
    assert (reply.status, reply.json["code"]) == (401, "session_expired")


@pytest.mark.usefixtures("ada")
def test_session_expires_after_30_days_without_refresh(api: Api) -> None:
    token = login(api)
    with time_machine.travel(clock.now() + 30 * clock.DAY + 1):
        assert refresh(api, token).json["code"] == "session_expired"


@pytest.mark.usefixtures("ada")
def test_forged_and_malformed_tokens_are_rejected(api: Api) -> None:
    token = login(api)
    other = login(api)
    forged = [
        "",
        "x",
        token[:-1],
        token + "=",
        token[:40] + other[40:],
        other[:40] + token[40:],
        ("A" if token[0] != "A" else "B") + token[1:],
        token[:-2] + "AA",
        "A" * 1_000_000,
        "é" * 92,
    ]
    for attempt in forged:
        reply = refresh(api, attempt)
        assert (reply.status, reply.json["code"]) == (401, "invalid_refresh_token"), attempt[:100]
    assert refresh(api, token).status == 200


@pytest.mark.usefixtures("ada")
def test_refresh_after_logout_is_rejected(api: Api) -> None:
    signed_in = api.post("/api/auth/login", ADA).json
    api.with_token(signed_in["token"]).post("/api/auth/logout")
    assert refresh(api, signed_in["refreshToken"]).json["code"] == "invalid_refresh_token"


@pytest.mark.usefixtures("ada")
def test_refresh_returns_the_new_name_and_role(admin: Api, api: Api) -> None:
    signed_in = api.post("/api/auth/login", ADA).json
    admin.patch(f"/api/users/{signed_in['user']['id']}", {"name": "Ada Lovelace", "role": "admin"})
    user = refresh(api, signed_in["refreshToken"]).json["user"]
    assert (user["name"], user["role"]) == ("Ada Lovelace", "admin")
