"""/api/auth/refresh: who may go on, and who has a copy."""

import pytest
import time_machine

from shared.core import clock
from tests.conftest import PASSWORD
from tests.support.api import Api, Inbox, Reply

ADA = {"email": "ada@example.com", "password": PASSWORD}


def sign_in(api: Api) -> str:
    return str(api.post("/api/auth/login", ADA).json["refreshToken"])


def refresh(api: Api, token: str) -> Reply:
    return api.post("/api/auth/refresh", {"refreshToken": token})


@pytest.mark.usefixtures("ada")
def test_a_refresh_answers_as_a_login_and_its_access_token_works(api: Api) -> None:
    login = api.post("/api/auth/login", ADA).json
    reply = refresh(api, login["refreshToken"])
    assert reply.status == 200
    assert reply.json.keys() == login.keys()
    assert reply.json["user"] == login["user"]
    assert reply.json["refreshToken"] != login["refreshToken"]
    assert api.with_token(reply.json["token"]).get("/api/auth/me").status == 200


@pytest.mark.usefixtures("ada")
def test_the_last_token_but_one_gets_the_same_next_token_however_late(api: Api) -> None:
    first = sign_in(api)
    second = refresh(api, first).json["refreshToken"]
    assert refresh(api, first).json["refreshToken"] == second
    with time_machine.travel(clock.now() + clock.DAY):
        assert refresh(api, first).json["refreshToken"] == second


@pytest.mark.usefixtures("ada")
def test_an_older_token_ends_the_session_and_tells_its_owner(api: Api, inbox: Inbox) -> None:
    first = sign_in(api)
    second = refresh(api, first).json["refreshToken"]
    third = refresh(api, second).json
    reply = refresh(api, first)
    assert (reply.status, reply.json["code"]) == (401, "refresh_token_reused")
    assert "ended" in inbox.newest().subject
    assert refresh(api, third["refreshToken"]).json["code"] == "invalid_refresh_token"
    assert api.with_token(third["token"]).get("/api/auth/me").json["code"] == "session_ended"


@pytest.mark.usefixtures("ada")
def test_a_session_slides_for_30_days_but_never_beyond_90(api: Api) -> None:
    start = clock.now()
    token = sign_in(api)
    for day in (29, 58, 87):
        with time_machine.travel(start + day * clock.DAY):
            token = refresh(api, token).json["refreshToken"]
    with time_machine.travel(start + 90 * clock.DAY + 1):
        reply = refresh(api, token)
    assert (reply.status, reply.json["code"]) == (401, "session_expired")


@pytest.mark.usefixtures("ada")
def test_a_session_that_is_not_refreshed_in_30_days_has_expired(api: Api) -> None:
    token = sign_in(api)
    with time_machine.travel(clock.now() + 30 * clock.DAY + 1):
        assert refresh(api, token).json["code"] == "session_expired"


@pytest.mark.usefixtures("ada")
def test_forged_and_mangled_tokens_are_refused(api: Api) -> None:
    token = sign_in(api)
    other = sign_in(api)
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
def test_a_refresh_after_signing_out_is_refused(api: Api) -> None:
    login = api.post("/api/auth/login", ADA).json
    api.with_token(login["token"]).post("/api/auth/logout")
    assert refresh(api, login["refreshToken"]).json["code"] == "invalid_refresh_token"


@pytest.mark.usefixtures("ada")
def test_a_refreshed_token_tells_the_new_name_and_role(admin: Api, api: Api) -> None:
    login = api.post("/api/auth/login", ADA).json
    admin.patch(f"/api/users/{login['user']['id']}", {"name": "Ada Lovelace", "role": "admin"})
    user = refresh(api, login["refreshToken"]).json["user"]
    assert (user["name"], user["role"]) == ("Ada Lovelace", "admin")
