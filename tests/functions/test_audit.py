"""Audit log: each security event is logged once and, if it belongs to a user, stored once as an activity entry."""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import time_machine

from shared.core import clock, logs
from shared.records import activity, users
from tests.support import PASSWORD, stored
from tests.support.api import Api, Inbox, Reply

NEW = "a rather different sentence"
ADA = "ada@example.com"
LOGIN = {"email": ADA, "password": PASSWORD}


@dataclass
class Audit:
    """Reads the audit log line and the activity entry of a request."""

    caplog: pytest.LogCaptureFixture

    def line(self, request: Callable[[], Reply], status: int) -> dict[str, Any]:
        """Return the only audit log line of a request, with the number of new activity entries as `entries`."""
        self.caplog.clear()
        before = {item["position"] for item in stored.items("ActivityTable")}
        reply = request()
        assert reply.status == status, reply.text
        lines = [json.loads(logs._JsonFormatter().format(record)) for record in self.caplog.records]
        (line,) = [line for line in lines if line["message"] == "audit"]
        (access,) = [line for line in lines if line["message"] == "request"]
        assert (line["requestId"], line["ip"]) == (access["requestId"], "192.0.2.1")
        added = [item for item in stored.items("ActivityTable") if item["position"] not in before]
        assert len(added) <= 1
        for entry in added:
            for name in ("event", "outcome", "ip", "userId", "callerId", "changes"):
                assert entry.get(name) == line.get(name)
            assert entry["expiresAt"] - clock.now() in range(activity.RETENTION - 60, activity.RETENTION + 1)
        return {**line, "entries": str(len(added))}

    def event(self, request: Callable[[], Reply], status: int) -> tuple[str, str, str]:
        """Return event, outcome and number of new activity entries of a request."""
        line = self.line(request, status)
        return line["event"], line["outcome"], line["entries"]


@pytest.fixture
def audit(caplog: pytest.LogCaptureFixture) -> Iterator[Audit]:
    with caplog.at_level(logging.INFO, "api_routes"):
        yield Audit(caplog)


def test_registration_leaves_a_log_line_and_its_account_has_events(
    api: Api, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "api_routes"):
        registered = api.post("/api/auth/register", {"name": "Ada", **LOGIN})
        assert stored.items("ActivityTable") == []
        proofs = {"token": inbox.newest().token, "registration": registered.json["registration"]}
        token = api.post("/api/auth/verify-email", proofs).json["token"]
    lines = [record.__dict__["fields"]["event"] for record in caplog.records if record.getMessage() == "audit"]
    assert lines == ["user_confirmation_requested", "user_signedup", "login"]
    activity = api.with_token(token).get("/api/auth/activity").json["data"]
    assert sorted(entry["event"] for entry in activity) == ["login", "user_signedup"]


def test_login_and_logout_are_audited(ada: Api, api: Api, audit: Audit) -> None:
    assert audit.event(lambda: api.post("/api/auth/login", LOGIN), 200) == ("login", "success", "1")
    wrong = {**LOGIN, "password": "wrong"}
    assert audit.event(lambda: api.post("/api/auth/login", wrong), 401) == ("login", "failure", "1")
    other = api.signed_in(ADA, PASSWORD).get("/api/auth/me").json["data"]["session"]["id"]
    assert audit.event(lambda: ada.delete(f"/api/auth/sessions/{other}"), 204) == ("logout", "success", "1")
    for scope in ("others", "local"):
        assert audit.event(lambda: ada.post("/api/auth/logout", {"scope": scope}), 204) == ("logout", "success", "1")  # noqa: B023


def test_login_with_an_unknown_address_leaves_a_short_lived_entry(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "api_routes"):
        assert api.post("/api/auth/login", LOGIN).status == 401
    (entry,) = stored.items("ActivityTable")
    assert users.find(entry["userId"]) is None
    assert entry["expiresAt"] <= clock.now() + clock.HOUR
    assert [record.getMessage() for record in caplog.records].count("audit") == 1


@pytest.mark.usefixtures("ada")
def test_token_reuse_is_audited_and_a_refresh_is_not(api: Api, audit: Audit) -> None:
    first = {"refreshToken": api.post("/api/auth/login", LOGIN).json["refreshToken"]}
    second = {"refreshToken": api.post("/api/auth/refresh", first).json["refreshToken"]}
    audit.caplog.clear()
    assert api.post("/api/auth/refresh", second).status == 200
    assert [record.getMessage() for record in audit.caplog.records] == ["request"]
    assert audit.event(lambda: api.post("/api/auth/refresh", first), 401) == ("token_reused", "failure", "1")


def test_password_changes_are_audited(ada: Api, api: Api, inbox: Inbox, audit: Audit) -> None:
    asked = audit.line(lambda: api.post("/api/auth/forgot-password", {"email": ADA}), 202)
    assert (asked["event"], asked["entries"]) == ("user_recovery_requested", "0")
    assert asked["address"] == activity.digest(ADA)
    body = {"token": inbox.newest().token, "password": NEW}
    assert audit.event(lambda: api.post("/api/auth/reset-password", body), 204) == (
        "user_password_reset",
        "success",
        "1",
    )
    caller = ada.signed_in(ADA, NEW)
    change = {"currentPassword": NEW, "newPassword": PASSWORD}
    wrong = {**change, "currentPassword": "wrong"}
    refused, done = ("user_reauthenticated", "failure", "1"), ("user_password_changed", "success", "1")
    assert audit.event(lambda: caller.post("/api/auth/change-password", wrong), 401) == refused
    assert audit.event(lambda: caller.post("/api/auth/change-password", change), 200) == done


def test_email_change_and_undo_are_audited(ada: Api, inbox: Inbox, audit: Audit) -> None:
    body = {"newEmail": "countess@example.com", "password": PASSWORD}
    asked = audit.event(lambda: ada.post("/api/auth/change-email", body), 202)
    assert asked == ("user_email_change_requested", "success", "1")
    for event in ("user_email_changed", "user_email_change_undone"):
        proof = {"token": inbox.newest().token}
        assert audit.event(lambda: ada.post("/api/auth/verify-email", proof), 200) == (event, "success", "1")  # noqa: B023


def test_denied_access_is_logged_with_code_and_caller_in_utc(ada: Api, caplog: pytest.LogCaptureFixture) -> None:
    with time_machine.travel("2026-08-04T12:00:00+02:00", tick=False), caplog.at_level(logging.INFO, "api_routes"):
        Api().get("/api/users")
        ada = ada.signed_in("ada@example.com", PASSWORD)
        assert ada.get("/api/users").status == 403
    anonymous, *_, denied = (json.loads(logs._JsonFormatter().format(record)) for record in caplog.records)
    assert (anonymous["status"], anonymous["code"]) == (401, "no_token")
    assert (denied["status"], denied["code"], denied["time"]) == (403, "forbidden", "2026-08-04T10:00:00.000Z")
    assert denied["userId"]


def test_admin_actions_are_audited_with_the_caller(admin: Api, ada: Api, audit: Audit) -> None:
    me = admin.get("/api/auth/me").json["data"]["user"]["id"]
    adas = ada.get("/api/auth/me").json["data"]["user"]["id"]
    body = {"name": "Ben", "email": "ben@example.com"}
    invited = audit.line(lambda: admin.post("/api/users", body), 201)
    assert (invited["event"], invited["callerId"], invited["entries"]) == ("user_invited", me, "1")
    modified = audit.line(lambda: admin.patch(f"/api/users/{adas}", {"role": "admin"}), 200)
    assert (modified["event"], modified["callerId"], modified["userId"]) == ("user_modified", me, adas)
    deleted = audit.line(lambda: admin.delete(f"/api/users/{adas}"), 204)
    assert (deleted["event"], deleted["callerId"], deleted["entries"]) == ("user_deleted", me, "0")


def test_modified_profile_is_audited_with_each_field_and_its_values_except_names(
    admin: Api, ada: Api, audit: Audit
) -> None:
    target = f"/api/users/{ada.get('/api/auth/me').json['data']['user']['id']}"
    to_admin = {"field": "role", "from": "user", "to": "admin"}
    disabled = {"field": "status", "from": "active", "to": "disabled"}
    for caller, body, changes in (
        (admin, {"role": "admin", "status": "active"}, [to_admin]),
        (admin, {"name": "Augusta", "role": "user"}, [{"field": "name"}, to_admin | {"from": "admin", "to": "user"}]),
        (ada, {"name": "Ada"}, [{"field": "name"}]),
        (admin, {"role": "admin", "status": "disabled"}, [to_admin, disabled]),
    ):
        line = audit.line(lambda: caller.patch(target, body), 200)  # noqa: B023
        assert (line["event"], line["changes"], line["entries"]) == ("user_modified", changes, "1")
        assert not {"Ada", "Augusta"} & set(json.dumps(line).split('"'))
    stored.check()


def test_owner_sees_who_changed_what_but_nothing_about_the_administrator(admin: Api, ada: Api) -> None:
    target = f"/api/users/{ada.get('/api/auth/me').json['data']['user']['id']}"
    assert ada.patch(target, {"name": "Augusta"}, user_agent="Ada's device").status == 200
    assert admin.patch(target, {"role": "admin"}, user_agent="Admin's device").status == 200
    by_admin, by_self = ada.get("/api/auth/activity").json["data"]
    assert by_admin == {
        "at": by_admin["at"],
        "event": "user_modified",
        "outcome": "success",
        "ip": "",
        "userAgent": "",
        "by": "admin",
        "changes": [{"field": "role", "from": "user", "to": "admin"}],
    }
    assert (by_self["by"], by_self["userAgent"], by_self["ip"]) == ("self", "Ada's device", "192.0.2.1")
    assert by_self["changes"] == [{"field": "name"}]


def test_own_activity_is_paged_newest_first_and_kept_for_90_days(ada: Api, ben: Api) -> None:
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
