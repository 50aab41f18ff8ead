"""Each act that matters for security leaves one line in the log and, where it is somebody's, one entry in the table."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import time_machine

from shared.core import clock, logs
from shared.records import activity, users
from tests.conftest import PASSWORD
from tests.support import stored
from tests.support.api import Api, Inbox, Reply

NEW = "a rather different sentence"
ADA = "ada@example.com"
LOGIN = {"email": ADA, "password": PASSWORD}


@dataclass
class Audit:
    """What acts leave behind."""

    caplog: pytest.LogCaptureFixture

    def of(self, act: Callable[[], Reply], status: int) -> dict[str, str]:
        """Give the one log event of the act, with the number of entries it left as `entries`."""
        self.caplog.clear()
        before = {item["position"] for item in stored.items("ActivityTable")}
        reply = act()
        assert reply.status == status, reply.text
        lines = [json.loads(logs._JsonFormatter().format(record)) for record in self.caplog.records]
        (line,) = [line for line in lines if line["message"] == "audit"]
        (request,) = [line for line in lines if line["message"] == "request"]
        assert (line["requestId"], line["ip"]) == (request["requestId"], "192.0.2.1")
        added = [item for item in stored.items("ActivityTable") if item["position"] not in before]
        assert len(added) <= 1
        for entry in added:
            for name in ("event", "outcome", "ip", "userId"):
                assert entry[name] == line[name]
            assert entry["expiresAt"] - clock.now() in range(activity.RETENTION - 60, activity.RETENTION + 1)
        return {**line, "entries": str(len(added))}

    def seen(self, act: Callable[[], Reply], status: int) -> tuple[str, str, str]:
        """Give event, outcome and number of entries of the act."""
        line = self.of(act, status)
        return line["event"], line["outcome"], line["entries"]


@pytest.fixture
def audit(caplog: pytest.LogCaptureFixture) -> Iterator[Audit]:
    with caplog.at_level(logging.INFO, "api_routes"):
        yield Audit(caplog)


def test_opening_an_account(api: Api, inbox: Inbox, audit: Audit) -> None:
    form = {"name": "Ada", **LOGIN}
    success, failure = ("user_signedup", "success", "1"), ("user_signedup", "failure", "1")
    assert audit.seen(lambda: api.post("/api/auth/register", form), 202) == success
    assert audit.seen(lambda: api.post("/api/auth/register", form), 202) == success
    assert audit.seen(lambda: api.post("/api/auth/login", LOGIN), 403) == ("login", "failure", "1")
    proof = {"token": inbox.newest().token}
    assert audit.seen(lambda: api.post("/api/auth/verify-email", proof), 200) == ("user_email_verified", "success", "1")
    assert audit.seen(lambda: api.post("/api/auth/register", form), 202) == failure


def test_signing_in_and_out(ada: Api, api: Api, audit: Audit) -> None:
    assert audit.seen(lambda: api.post("/api/auth/login", LOGIN), 200) == ("login", "success", "1")
    wrong = {**LOGIN, "password": "wrong"}
    assert audit.seen(lambda: api.post("/api/auth/login", wrong), 401) == ("login", "failure", "1")
    other = api.signed_in(ADA, PASSWORD).get("/api/auth/me").json["data"]["session"]["id"]
    assert audit.seen(lambda: ada.delete(f"/api/auth/sessions/{other}"), 204) == ("logout", "success", "1")
    for scope in ("others", "local"):
        assert audit.seen(lambda: ada.post("/api/auth/logout", {"scope": scope}), 204) == ("logout", "success", "1")  # noqa: B023


def test_an_unknown_address_leaves_an_entry_that_is_nobodys_and_soon_gone(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "api_routes"):
        assert api.post("/api/auth/login", LOGIN).status == 401
    (entry,) = stored.items("ActivityTable")
    assert users.find(entry["userId"]) is None
    assert entry["expiresAt"] <= clock.now() + clock.HOUR
    assert [record.getMessage() for record in caplog.records].count("audit") == 1


@pytest.mark.usefixtures("ada")
def test_a_refresh_is_no_event_but_an_old_token_is(api: Api, audit: Audit) -> None:
    first = {"refreshToken": api.post("/api/auth/login", LOGIN).json["refreshToken"]}
    second = {"refreshToken": api.post("/api/auth/refresh", first).json["refreshToken"]}
    audit.caplog.clear()
    assert api.post("/api/auth/refresh", second).status == 200
    assert [record.getMessage() for record in audit.caplog.records] == ["request"]
    assert audit.seen(lambda: api.post("/api/auth/refresh", first), 401) == ("token_reused", "failure", "1")


def test_recovering(ada: Api, api: Api, inbox: Inbox, audit: Audit) -> None:
    asked = audit.of(lambda: api.post("/api/auth/forgot-password", {"email": ADA}), 202)
    assert (asked["event"], asked["entries"]) == ("user_recovery_requested", "0")
    assert asked["address"] == activity.digest(ADA)
    body = {"token": inbox.newest().token, "password": NEW}
    assert audit.seen(lambda: api.post("/api/auth/reset-password", body), 204) == (
        "user_password_reset",
        "success",
        "1",
    )
    caller = ada.signed_in(ADA, NEW)
    change = {"currentPassword": NEW, "newPassword": PASSWORD}
    wrong = {**change, "currentPassword": "wrong"}
    refused, done = ("user_reauthenticated", "failure", "1"), ("user_password_changed", "success", "1")
    assert audit.seen(lambda: caller.post("/api/auth/change-password", wrong), 401) == refused
    assert audit.seen(lambda: caller.post("/api/auth/change-password", change), 204) == done


def test_moving_to_another_address_and_back(ada: Api, inbox: Inbox, audit: Audit) -> None:
    body = {"newEmail": "countess@example.com", "password": PASSWORD}
    asked = audit.seen(lambda: ada.post("/api/auth/change-email", body), 202)
    assert asked == ("user_email_change_requested", "success", "1")
    for event in ("user_email_changed", "user_email_change_undone"):
        proof = {"token": inbox.newest().token}
        assert audit.seen(lambda: ada.post("/api/auth/verify-email", proof), 200) == (event, "success", "1")  # noqa: B023


def test_administering_tells_who_did_it(admin: Api, ada: Api, audit: Audit) -> None:
    me = admin.get("/api/auth/me").json["data"]["user"]["id"]
    adas = ada.get("/api/auth/me").json["data"]["user"]["id"]
    body = {"name": "Ben", "email": "ben@example.com"}
    invited = audit.of(lambda: admin.post("/api/users", body), 201)
    assert (invited["event"], invited["callerId"], invited["entries"]) == ("user_invited", me, "1")
    modified = audit.of(lambda: admin.patch(f"/api/users/{adas}", {"role": "admin"}), 200)
    assert (modified["event"], modified["callerId"], modified["userId"]) == ("user_modified", me, adas)
    deleted = audit.of(lambda: admin.delete(f"/api/users/{adas}"), 204)
    assert (deleted["event"], deleted["callerId"], deleted["entries"]) == ("user_deleted", me, "0")


def test_own_events_are_paged_newest_first_for_90_days(ada: Api, ben: Api) -> None:
    with time_machine.travel(clock.now() + 10, tick=False) as now:
        for number in range(5):
            now.shift(1)
            assert ada.post("/api/auth/login", LOGIN, user_agent=f"Device {number}").status == 200
        seen, url = [], "/api/auth/activity?limit=2"
        while url:
            page = ada.get(url)
            seen += [entry["userAgent"] for entry in page.json["data"]]
            url = page.json["nextCursor"] and f"/api/auth/activity?limit=2&cursor={page.json['nextCursor']}"
        assert seen == [f"Device {number}" for number in (4, 3, 2, 1, 0)]
        cursor = ada.get("/api/auth/activity?limit=2").json["nextCursor"]
        assert ben.get(f"/api/auth/activity?cursor={cursor}").json["code"] == "invalid_cursor"
        assert ben.get("/api/auth/activity").json["data"] == []
        now.shift(activity.RETENTION - 2)
        (user,) = users.with_email(ADA)
        assert [entry.user_agent for entry in activity.newest(user.id, 20)[0]] == ["Device 4", "Device 3"]
