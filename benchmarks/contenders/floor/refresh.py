"""POST /api/auth/refresh."""

import hmac
import struct
import time
from typing import Any

from common import tokens
from common.items import DAY, counts, table

from floor.base import Failed, answered, dynamodb, form, get, plain
from floor.signing import signing_key


@answered
def handler(event: dict[str, Any]) -> tuple[int, Any]:
    (text,) = form(event, "refreshToken")
    http = event["requestContext"]["http"]
    try:
        user_id, session_id, counter, content, seal = tokens.parse_refresh_token(text)
    except (ValueError, struct.error):
        raise Failed(401, "invalid_refresh_token") from None
    session = get("SESSIONS", {"userId": user_id, "sessionId": session_id})
    if session is None or not hmac.compare_digest(seal, tokens.seal(session, "refresh", content)):
        raise Failed(401, "invalid_refresh_token")
    if not counts(session) or counter != session["counter"]:
        raise Failed(401, "session_expired")
    now = int(time.time())
    answer = dynamodb.update_item(
        TableName=table("SESSIONS"),
        Key={"userId": {"S": user_id}, "sessionId": {"S": session_id}},
        UpdateExpression="SET #c = :next, refreshedAt = :now, expiresAt = :end, ip = :ip, userAgent = :agent",
        ConditionExpression="#c = :counter",
        ExpressionAttributeNames={"#c": "counter"},
        ExpressionAttributeValues={
            ":counter": {"N": str(counter)},
            ":next": {"N": str(counter + 1)},
            ":now": {"N": str(now)},
            ":end": {"N": str(now + 30 * DAY)},
            ":ip": {"S": http["sourceIp"]},
            ":agent": {"S": http["userAgent"]},
        },
        ReturnValues="ALL_NEW",
    )
    return 200, tokens.signed_in(plain(answer["Attributes"]), *signing_key())
