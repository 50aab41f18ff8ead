"""New tokens for a refresh token."""

import hmac
import struct
import time
from typing import Any

from common import tokens
from common.items import DAY, Failed


def refresh(database: Any, secretsmanager: Any, token: str, client: tuple[str, str]) -> dict[str, Any]:
    """Count a refresh of the session and return its new tokens; `client` is address and user agent. Raises Failed."""
    ip, user_agent = client
    try:
        user_id, session_id, counter, content, seal = tokens.parse_refresh_token(token)
    except (ValueError, struct.error):
        raise Failed(401, "invalid_refresh_token") from None
    key = {"userId": user_id, "sessionId": session_id}
    session = database.get("SESSIONS", key)
    if session is None or not hmac.compare_digest(seal, tokens.seal(session, "refresh", content)):
        raise Failed(401, "invalid_refresh_token")
    if tokens.is_expired(session) or counter != session["counter"]:
        raise Failed(401, "session_expired")
    now = int(time.time())
    after = database.update(
        "SESSIONS",
        Key=key,
        UpdateExpression="SET #c = :next, refreshedAt = :now, expiresAt = :end, ip = :ip, userAgent = :agent",
        ConditionExpression="#c = :counter",
        ExpressionAttributeNames={"#c": "counter"},
        ExpressionAttributeValues={
            ":counter": counter,
            ":next": counter + 1,
            ":now": now,
            ":end": now + 30 * DAY,
            ":ip": ip,
            ":agent": user_agent,
        },
    )
    return tokens.signed_in(after, *tokens.signing_key(database, secretsmanager))
