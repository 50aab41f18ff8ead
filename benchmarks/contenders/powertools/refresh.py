"""POST /api/auth/refresh."""

import hmac
import struct
import time

from aws_lambda_powertools.event_handler.exceptions import UnauthorizedError
from common import tokens
from common.items import DAY, counts, table

from powertools.base import Model, app, client, dynamodb, get, handler, tracer
from powertools.signing import SignedIn, signing_key

__all__ = ["handler"]


class Form(Model):
    """The session's last refresh token."""

    refresh_token: str


@app.post("/api/auth/refresh")
@tracer.capture_method
def refresh(form: Form) -> SignedIn:
    try:
        user_id, session_id, counter, content, seal = tokens.parse_refresh_token(form.refresh_token)
    except (ValueError, struct.error):
        raise UnauthorizedError("invalid_refresh_token") from None
    key = {"userId": user_id, "sessionId": session_id}
    session = get("SESSIONS", key)
    if session is None or not hmac.compare_digest(seal, tokens.seal(session, "refresh", content)):
        raise UnauthorizedError("invalid_refresh_token")
    if not counts(session) or counter != session["counter"]:
        raise UnauthorizedError("session_expired")
    now = int(time.time())
    ip, user_agent = client()
    answer = dynamodb.Table(table("SESSIONS")).update_item(
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
        ReturnValues="ALL_NEW",
    )
    after = answer["Attributes"]
    return SignedIn.model_validate(tokens.signed_in({**after, "counter": int(after["counter"])}, *signing_key()))
