"""Sign-in with email and password."""

import os
import time
import uuid
from typing import Any

from common import passwords, tokens
from common.items import DAY, MINUTE, Failed, table, timestamp


def sign_in(database: Any, secretsmanager: Any, email: str, password: str, client: tuple[str, str]) -> dict[str, Any]:
    """Verify the password, store a session and return its tokens; `client` is address and user agent. Raises Failed."""
    ip, user_agent = client
    email = email.casefold()
    credential = database.get("CREDENTIALS", {"email": email})
    tries = [{"key": f"tries#{email}#{origin}"} for origin in (ip, "everyone")]
    for key in tries:
        _count_try(database, key)
    user = database.get("USERS", {"id": credential["userId"] if credential else str(uuid.UUID(int=0))})
    right = passwords.is_right(password, credential["passwordHash"] if credential else None)
    if not (right and credential and user and user["status"] == "active"):
        raise Failed(401, "invalid_credentials")
    for key in tries:
        _take_back(database, key)
    now = int(time.time())
    session = {
        "userId": user["id"],
        "sessionId": str(uuid.uuid4()),
        **{name: user[name] for name in ("name", "email", "role")},
        "key": os.urandom(32),
        "counter": 0,
        "createdAt": now,
        "refreshedAt": now,
        "expiresAt": now + 30 * DAY,
        "ip": ip,
        "userAgent": user_agent,
    }
    activity = {
        "userId": user["id"],
        "position": f"{timestamp()}#{uuid.uuid4()}",
        "event": "login",
        "outcome": "success",
        "ip": ip,
        "userAgent": user_agent,
        "expiresAt": now + 90 * DAY,
    }
    response = tokens.signed_in(session, *tokens.signing_key(database, secretsmanager))
    credentials_update = {
        "TableName": table("CREDENTIALS"),
        "Key": {"email": email},
        "UpdateExpression": "SET devices = :d ADD signIns :one",
        "ConditionExpression": "version = :v",
        "ExpressionAttributeValues": {":d": credential["devices"], ":one": 1, ":v": credential["version"]},
    }
    new = "attribute_not_exists(sessionId)"
    changes = [
        {"Update": credentials_update},
        {"Put": {"TableName": table("SESSIONS"), "Item": session, "ConditionExpression": new}},
        {"Put": {"TableName": table("ACTIVITY"), "Item": activity}},
    ]
    database.write(changes, str(uuid.uuid4()))
    return response


def _take_back(database: Any, key: dict[str, Any]) -> None:
    database.delete(
        "LIMITS",
        Key=key,
        ConditionExpression="total = :one",
        ExpressionAttributeValues={":one": 1},
    )


def _count_try(database: Any, key: dict[str, Any]) -> None:
    now = int(time.time())
    try:
        database.update(
            "LIMITS",
            Key=key,
            UpdateExpression="SET tries = :t, failed = :f, lockedAt = :a, lockedUntil = :u, expiresAt = :e",
            ConditionExpression="attribute_not_exists(#k) OR expiresAt <= :n",
            ExpressionAttributeNames={"#k": "key"},
            ExpressionAttributeValues={":t": 1, ":f": 0, ":a": 0, ":u": 0, ":e": now + 15 * MINUTE, ":n": now},
        )
    except database.client.exceptions.ConditionalCheckFailedException:
        raise Failed(401, "invalid_credentials") from None
