"""What is in the tables, and what must be true of it whatever has happened."""

from typing import Any, get_args

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from shared.core import aws
from shared.core.tables import decoded
from shared.records.activity import Event, Outcome
from shared.values import emails

TABLES = (
    "UsersTable",
    "CredentialsTable",
    "SessionsTable",
    "OneTimeTokensTable",
    "LimitsTable",
    "IdempotencyTable",
    "OutboxTable",
    "SubmissionsTable",
    "SuppressionsTable",
    "ActivityTable",
    "PublicKeysTable",
)


def items(table: str) -> list[dict[str, Any]]:
    """Everything in a table. moto's are read past its API: a scan takes milliseconds, and tests want thousands."""
    meta = aws.dynamodb().meta
    if meta.endpoint_url.endswith(".amazonaws.com"):
        backend = dynamodb_backends[DEFAULT_ACCOUNT_ID][meta.region_name]
        return [decoded(item.to_json()["Attributes"]) for item in backend.tables[table].all_items()]
    pages = aws.dynamodb().get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [decoded(item) for page in pages for item in page["Items"]]


def everything() -> str:
    """All tables as text, to look for what must not be there."""
    return "\n".join(repr(item) for table in TABLES for item in items(table))


def profiles() -> list[dict[str, Any]]:
    return [item for item in items("UsersTable") if item["id"] != "admins"]


def credentials() -> list[dict[str, Any]]:
    return items("CredentialsTable")


def sessions() -> list[dict[str, Any]]:
    return items("SessionsTable")


def state(entry: dict[str, Any]) -> str:
    """Give what has become of a mail: waiting, done or dead."""
    return "done" if "doneAt" in entry else str(entry["unsent"]).partition("#")[0]


def check_entry(entry: dict[str, Any]) -> None:
    """Insist that a mail waits, or is done or dead, and nothing of two of them."""
    keys = entry.keys() & {"doneAt", "unsent", "retryAt", "expiresAt"}
    match state(entry):
        case "done":
            assert keys == {"doneAt", "expiresAt"}, "a mail that is done and not done"
        case "waiting":
            assert keys == {"unsent", "retryAt"}, "a waiting mail that nobody finds, or that expires"
            assert entry["unsent"] in {f"waiting#{shard}" for shard in range(4)}, "a shard nobody looks into"
        case "dead":
            assert keys == {"unsent", "retryAt"}, "a dead mail that is not kept"
            assert entry["lastError"], "a mail that died of nothing"
        case other:
            raise AssertionError(f"a mail that is {other}")


def check() -> None:
    """Insist that nothing is orphaned and that what is kept twice agrees."""
    users = {item["id"]: item for item in profiles()}
    kept = [item for item in credentials() if "reservedUntil" in item]
    used = [item for item in credentials() if "reservedUntil" not in item]
    owners = {item["userId"]: item for item in used}
    assert users.keys() == owners.keys(), "profiles and credentials do not pair up"
    assert len(owners) == len(used), "one profile has two credentials"
    for credential in kept:
        assert credential["userId"] in users, "an address is kept for nobody"
        assert credential["passwordHash"] is None, "an address that was left has a password"
    suppressed = {item["email"]: item["reason"] for item in items("SuppressionsTable") if "reason" in item}
    for user in users.values():
        credential = owners[user["id"]]
        assert user["emailVerified"] == credential["verified"], "profile and credentials disagree on the address"
        assert emails.key(user["email"]) == credential["email"], "profile and credentials have different addresses"
        assert user["email"] == credential["address"], "mail would go elsewhere than the profile says"
        assert user["emailStatus"] == suppressed.get(credential["email"], "ok"), "profile and suppression disagree"
    for session in sessions():
        assert session["userId"] in users, "a session without its user"
        user = users[session["userId"]]
        for name in ("name", "email", "role"):
            assert session[name] == user[name], f"a session with another {name} than its user"
        assert session["expiresAt"] <= session["createdAt"] + 90 * 86400, "a session that lives too long"
        assert user["status"] == "active", "a disabled user has a session"
    for token in items("OneTimeTokensTable"):
        assert token["userId"] in users, "a one-time token without its user"
        if token["purpose"].startswith("undo-email-change"):
            continue  # it may outlive the address that it leads back to
        assert token["version"] <= owners[token["userId"]]["version"], "a token for credentials that are yet to come"
    for entry in items("ActivityTable"):
        assert {"userId", "position", "event", "outcome", "ip", "userAgent", "expiresAt"} == entry.keys()
        assert entry["event"] in get_args(Event), "an event without a name"
        assert entry["outcome"] in get_args(Outcome), "an event without an outcome"
    told = [entry["details"] for entry in items("OutboxTable") if entry["kind"] == "submission"]
    for submission in items("SubmissionsTable"):
        names = {"form": submission["form"], "position": submission["position"]}
        assert told.count(names) == 1, "a submission that nobody is told of, or twice"
        told.remove(names)
    assert told == [], "a mail about a submission that is not there"
    for entry in items("OutboxTable"):
        check_entry(entry)
    counted = [item["count"] for item in items("UsersTable") if item["id"] == "admins"]
    administrators = [
        user
        for user in users.values()
        if user["role"] == "admin" and user["status"] == "active" and user["emailVerified"]
    ]
    assert sum(counted) == len(administrators), "the count of administrators is wrong"
