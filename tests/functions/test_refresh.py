"""/api/auth/refresh: rotation of refresh tokens, reuse detection and session lifetimes."""

from collections.abc import Mapping

import pytest
import time_machine

from shared.core import clock
from tests.support import PASSWORD, faults, stored
from tests.support.api import Api, Inbox, Reply
from tests.support.faults import Wire

ADA = {"email": "ada@example.com", "password": PASSWORD}


def login(api: Api) -> str:
    """Sign in. Return the refresh token."""
    return str(api.post("/api/auth/login", ADA).json["refreshToken"])


def refresh(api: Api, token: str) -> Reply:
    return api.post("/api/auth/refresh", {"refreshToken": token})


def use(api: Api, signed_in: Mapping[str, str]) -> None:
    """Use an access token, as a client does with the tokens that it has received."""
    assert api.with_token(signed_in["token"]).get("/api/auth/me").status == 200


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
def test_previous_token_gets_the_same_successor_for_ten_seconds(api: Api) -> None:
    with time_machine.travel(clock.now(), tick=False) as now:
        first = login(api)
        second = refresh(api, first).json
        use(api, second)
        for _ in range(10):
            now.shift(1)
            assert refresh(api, first).json["refreshToken"] == second["refreshToken"]
        assert refresh(api, second["refreshToken"]).status == 200


@pytest.mark.usefixtures("ada")
def test_client_whose_responses_were_lost_gets_new_tokens_however_late(api: Api) -> None:
    with time_machine.travel(clock.now(), tick=False) as now:
        first = login(api)
        seen = set()
        for pause in (0, 11, 60, clock.HOUR, 20 * clock.DAY):
            now.shift(pause)
            newest = refresh(api, first).json
            seen.add(newest["refreshToken"])
        assert len(seen) == 5
        use(api, newest)
        assert refresh(api, newest["refreshToken"]).status == 200


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("gap", [11, clock.HOUR])
def test_previous_token_is_a_copy_once_its_successor_was_used(api: Api, inbox: Inbox, gap: int) -> None:
    with time_machine.travel(clock.now(), tick=False) as now:
        first = login(api)
        newest = refresh(api, first).json
        use(api, newest)
        now.shift(gap)
        reply = refresh(api, first)
        assert (reply.status, reply.json["code"]) == (401, "refresh_token_reused")
        assert "ended" in inbox.newest().subject
        assert api.with_token(newest["token"]).get("/api/auth/me").json["code"] in {"session_ended", "token_expired"}
        listed = [entry["event"] for entry in stored.items("ActivityTable")]
        assert listed.count("token_reused") == 1


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("used", ["token", "refreshToken"])
def test_replaced_tokens_are_void_and_end_the_session(api: Api, inbox: Inbox, used: str) -> None:
    with time_machine.travel(clock.now(), tick=False) as now:
        first = login(api)
        lost = refresh(api, first).json
        now.shift(11)
        newest = refresh(api, first).json
        use(api, newest)
        if used == "token":
            assert api.with_token(lost["token"]).get("/api/auth/me").json["code"] == "session_ended"
        else:
            assert refresh(api, lost["refreshToken"]).json["code"] == "refresh_token_reused"
        assert api.with_token(newest["token"]).get("/api/auth/me").json["code"] == "session_ended"
        if used == "token":
            assert refresh(api, newest["refreshToken"]).json["code"] == "refresh_token_reused"
        assert "ended" in inbox.newest().subject
        assert stored.sessions() == [session for session in stored.sessions() if session["counter"] == 1]


def test_copied_session_is_not_listed(ada: Api, api: Api) -> None:
    with time_machine.travel(clock.now(), tick=False) as now:
        first = login(api)
        lost = refresh(api, first).json
        now.shift(11)
        refresh(api, first)
        api.with_token(lost["token"]).get("/api/auth/me")
        assert [session["current"] for session in ada.get("/api/auth/sessions").json["data"]] == [True]


@pytest.mark.usefixtures("ada")
def test_thief_who_replays_the_last_but_one_token_is_noticed_in_the_first_round(api: Api) -> None:
    with time_machine.travel(clock.now(), tick=False) as now:
        first = login(api)
        owners = refresh(api, first).json
        use(api, owners)
        now.shift(11)
        assert refresh(api, first).json["code"] == "refresh_token_reused"
        assert refresh(api, owners["refreshToken"]).status == 401


@pytest.mark.usefixtures("ada")
def test_only_the_first_call_after_a_refresh_writes(api: Api, wire: Wire) -> None:
    newest = refresh(api, login(api)).json
    counted = []
    for _ in range(3):
        wire.reset()
        use(api, newest)
        counted.append(wire.calls.count("UpdateItem"))
    assert counted == [1, 0, 0]


@pytest.mark.usefixtures("ada")
def test_first_call_whose_mark_fails_is_not_answered_and_can_be_repeated(api: Api, wire: Wire) -> None:
    with time_machine.travel(clock.now(), tick=False) as now:
        first = login(api)
        newest = refresh(api, first).json
        wire.fail(faults.error("ProvisionedThroughputExceededException"), on="UpdateItem")
        assert api.with_token(newest["token"]).get("/api/auth/me").status == 503
        wire.reset()
        use(api, newest)
        now.shift(11)
        assert refresh(api, first).json["code"] == "refresh_token_reused"


@pytest.mark.usefixtures("ada")
def test_refresh_from_another_network_is_recorded(api: Api) -> None:
    token = login(api)
    for ip, events in (("192.0.2.1", 0), ("198.51.100.7", 1), ("198.51.100.7", 1), ("192.0.2.1", 2)):
        signed_in = Api(ip=ip).post("/api/auth/refresh", {"refreshToken": token}).json
        token = signed_in["refreshToken"]
        entries = api.with_token(signed_in["token"]).get("/api/auth/activity").json["data"]
        assert [entry["event"] for entry in entries].count("token_refreshed") == events
    assert entries[0]["ip"] == ip


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
