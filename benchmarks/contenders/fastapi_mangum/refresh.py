"""POST /api/auth/refresh."""

import hmac
import struct
import time
from typing import Annotated

from common import tokens
from common.items import DAY, counts, table
from fastapi import Header, HTTPException, Request
from mangum import Mangum

from fastapi_mangum.base import Model, app, dynamodb, get, ip_of, plain, stored
from fastapi_mangum.signing import SignedIn, signing_key


class Form(Model):
    """The session's last refresh token."""

    refresh_token: str


@app.post("/api/auth/refresh")
def refresh(form: Form, request: Request, user_agent: Annotated[str, Header()] = "") -> SignedIn:
    try:
        user_id, session_id, counter, content, seal = tokens.parse_refresh_token(form.refresh_token)
    except (ValueError, struct.error):
        raise HTTPException(401, "invalid_refresh_token") from None
    key = {"userId": user_id, "sessionId": session_id}
    session = get("SESSIONS", key)
    if session is None or not hmac.compare_digest(seal, tokens.seal(session, "refresh", content)):
        raise HTTPException(401, "invalid_refresh_token")
    if not counts(session) or counter != session["counter"]:
        raise HTTPException(401, "session_expired")
    now = int(time.time())
    answer = dynamodb.update_item(
        TableName=table("SESSIONS"),
        Key=stored(key),
        UpdateExpression="SET #c = :next, refreshedAt = :now, expiresAt = :end, ip = :ip, userAgent = :agent",
        ConditionExpression="#c = :counter",
        ExpressionAttributeNames={"#c": "counter"},
        ExpressionAttributeValues=stored(
            {
                ":counter": counter,
                ":next": counter + 1,
                ":now": now,
                ":end": now + 30 * DAY,
                ":ip": ip_of(request),
                ":agent": user_agent,
            }
        ),
        ReturnValues="ALL_NEW",
    )
    after = plain(answer["Attributes"])
    return SignedIn.model_validate(tokens.signed_in({**after, "counter": int(after["counter"])}, *signing_key()))


handler = Mangum(app, lifespan="off")
