"""Stored data, and the invariants that hold for it at any time."""

from functools import cache
from typing import Any, get_args

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from local.template import read_project
from shared.core import aws
from shared.core.attributes import decoded
from shared.values import emails
from shared.values.choices import Event, Outcome
from tests.support import ROOT


@cache
def tables() -> list[str]:
    """Return the names of all tables that the template declares."""
    return sorted(read_project(ROOT / "template.yaml", {}).tables)


def items(table: str) -> list[dict[str, Any]]:
    """Return all items of a table. moto's tables are read directly, since a scan takes milliseconds."""
    meta = aws.dynamodb().meta
    if meta.endpoint_url.endswith(".amazonaws.com"):
        backend = dynamodb_backends[DEFAULT_ACCOUNT_ID][meta.region_name]
        return [decoded(item.to_json()["Attributes"]) for item in backend.tables[table].all_items()]
    pages = aws.dynamodb().get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [decoded(item) for page in pages for item in page["Items"]]


def everything(*, without: str = "") -> str:
    """Return all tables, except perhaps one, as text: to compare them, or to search for what must not be stored."""
    return "\n".join(repr(item) for table in tables() if table != without for item in items(table))


def profiles() -> list[dict[str, Any]]:
    return [item for item in items("UsersTable") if item["id"] != "admins"]


def credentials() -> list[dict[str, Any]]:
    return items("CredentialsTable")


def sessions() -> list[dict[str, Any]]:
    return items("SessionsTable")


def state(entry: dict[str, Any]) -> str:
    """Return the state of an outbox entry: waiting, held, done or dead."""
    return "done" if "doneAt" in entry else str(entry["unsent"]).partition("#")[0]


def check_outbox_entry(entry: dict[str, Any]) -> None:
    """Check that an outbox entry is in exactly one state."""
    keys = entry.keys() & {"doneAt", "unsent", "retryAt", "expiresAt"}
    match state(entry):
        case "done":
            assert keys == {"doneAt", "expiresAt"}, "a done entry is still in the index, or never expires"
        case "waiting":
            assert keys == {"unsent", "retryAt"}, "a waiting entry is not in the index, or expires"
            assert entry["unsent"] in {f"waiting#{shard}" for shard in range(4)}, "a waiting entry has an unknown shard"
        case "held":
            assert keys == {"unsent", "retryAt", "expiresAt"}, "a held entry is not in the index, or does not expire"
            assert entry["expiresAt"] == entry["retryAt"] + 3600, "a held entry does not expire after an hour"
        case "dead":
            assert keys == {"unsent", "retryAt"}, "a dead entry is not in the index, or expires"
            assert entry["lastError"], "a dead entry has no error"
        case other:
            raise AssertionError(f"an outbox entry has the unknown state {other}")


def check() -> None:
    """Check that no item is orphaned and that duplicated data agrees."""
    users = {item["id"]: item for item in profiles()}
    owners = _check_accounts(users)
    _check_sessions(users)
    _check_tokens(owners)
    _check_registrations()
    _check_activity()
    _check_submissions()
    for entry in items("OutboxTable"):
        check_outbox_entry(entry)
    assert not users.keys() & {item["userId"] for item in items("ClosuresTable")}, "a closed account exists"
    counts = [item["count"] for item in items("UsersTable") if item["id"] == "admins"]
    admins = [
        user
        for user in users.values()
        if user["role"] == "admin" and user["status"] == "active" and user["emailVerified"]
    ]
    assert sum(counts) == len(admins), "the stored count of administrators is wrong"


def _check_accounts(users: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Check profiles against credentials and suppressions. Return the credentials by user id."""
    reserved = [item for item in credentials() if "reservedUntil" in item]
    in_use = [item for item in credentials() if "reservedUntil" not in item]
    owners = {item["userId"]: item for item in in_use}
    assert users.keys() == owners.keys(), "profiles and credentials do not match one to one"
    assert len(owners) == len(in_use), "one profile has two credentials"
    for credential in reserved:
        assert credential["userId"] in users, "a reserved address has no user"
        assert credential["passwordHash"] is None, "a reserved address has a password"
    suppressed = {item["email"]: item["reason"] for item in items("SuppressionsTable") if "reason" in item}
    for user in users.values():
        credential = owners[user["id"]]
        assert user["emailVerified"] != credential["invited"], "profile and credentials disagree on the invitation"
        assert not (credential["invited"] and credential["passwordHash"]), "an invited user has a password"
        assert emails.key(user["email"]) == credential["email"], "profile and credentials have different addresses"
        assert user["email"] == credential["address"], "profile and credentials spell the address differently"
        assert user["emailStatus"] == suppressed.get(credential["email"], "ok"), "profile and suppression disagree"
    return owners


def _check_sessions(users: dict[str, dict[str, Any]]) -> None:
    for session in sessions():
        assert session["userId"] in users, "a session has no user"
        user = users[session["userId"]]
        for name in ("name", "email", "role"):
            assert session[name] == user[name], f"session and user disagree on {name}"
        assert session["expiresAt"] <= session["createdAt"] + 90 * 86400, "a session lives longer than 90 days"
        assert user["status"] == "active", "a disabled user has a session"


def _check_tokens(owners: dict[str, dict[str, Any]]) -> None:
    for token in items("OneTimeTokensTable"):
        # A request to sign in has no user until its email is composed.
        owner = owners.get(token.get("userId", ""))
        if owner is not None:
            assert token["version"] <= owner["version"], "a token is for a future version of credentials"
        assert ("usedAt" in token) == ("usedBy" in token), "a one-time token is half used"


def _check_registrations() -> None:
    for registration in items("RegistrationsTable"):
        assert ("opened" in registration) == ("openedAt" in registration), "a registration is half open"


def _check_activity() -> None:
    for entry in items("ActivityTable"):
        optional = entry.keys() & {"callerId", "changes"}
        assert {"userId", "position", "event", "outcome", "ip", "userAgent", "expiresAt"} == entry.keys() - optional
        assert all(entry[name] for name in optional), "an activity entry has an empty attribute"
        assert ("changes" in entry) == (entry["event"] == "user_modified"), "an entry lacks its changes"
        assert entry["event"] in get_args(Event), "an activity entry has an unknown event"
        assert entry["outcome"] in get_args(Outcome), "an activity entry has an unknown outcome"


def _check_submissions() -> None:
    announced = [entry["details"] for entry in items("OutboxTable") if entry["kind"] == "submission"]
    for submission in items("SubmissionsTable"):
        key = {"form": submission["form"], "position": submission["position"]}
        assert announced.count(key) == 1, "a submission has no outbox entry, or several"
        announced.remove(key)
    assert announced == [], "an outbox entry refers to a missing submission"
