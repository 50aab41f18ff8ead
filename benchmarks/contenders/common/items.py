"""Items as plain dictionaries, and the few rules that go with them."""

import os
import time
import uuid
from datetime import UTC, datetime
from typing import Any

MINUTE, HOUR, DAY = 60, 3600, 86400
PUBLIC = ("id", "name", "email", "role", "status", "emailVerified", "emailStatus", "createdAt", "updatedAt")


def table(name: str) -> str:
    """Give a table's name in this deployment."""
    return os.environ[f"{name}_TABLE"]


def counts(session: dict[str, Any] | None) -> bool:
    """Say whether a session is there and has not run out."""
    if session is None:
        return False
    return bool(min(session["refreshedAt"] + 30 * DAY, session["createdAt"] + 90 * DAY) > time.time())


def new_session(user: dict[str, Any], ip: str, user_agent: str) -> dict[str, Any]:
    """Make a session."""
    now = int(time.time())
    return {
        "userId": user["id"],
        "sessionId": str(uuid.uuid4()),
        "name": user["name"],
        "email": user["email"],
        "role": user["role"],
        "key": os.urandom(32),
        "counter": 0,
        "createdAt": now,
        "refreshedAt": now,
        "expiresAt": now + 30 * DAY,
        "ip": ip,
        "userAgent": user_agent,
    }


def activity(user_id: str, ip: str, user_agent: str) -> dict[str, Any]:
    """Make the entry that tells of a sign-in."""
    return {
        "userId": user_id,
        "position": f"{timestamp()}#{uuid.uuid4()}",
        "event": "login",
        "outcome": "success",
        "ip": ip,
        "userAgent": user_agent,
        "expiresAt": int(time.time()) + 90 * DAY,
    }


def tries() -> dict[str, Any]:
    """Make the first try at a password."""
    return {"tries": 1, "failed": 0, "lockedAt": 0, "lockedUntil": 0, "expiresAt": int(time.time()) + 15 * MINUTE}


def window(name: str, ip: str) -> tuple[str, int]:
    """Give the key of a limit's present minute, and when it ends."""
    start = int(time.time()) // MINUTE * MINUTE
    return f"{name}#{ip}#{start}", start + MINUTE


def timestamp() -> str:
    """Give the time as RFC 3339."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
