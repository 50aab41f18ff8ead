"""POST /api/contact."""

import hashlib
import re
import time
import uuid
from typing import Any

from common.items import DAY, table, timestamp

from floor.base import Failed, answered, dynamodb, form, get, limit, stored

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LONGEST_NAME, _LONGEST_MESSAGE = 100, 10_000


@answered
def handler(event: dict[str, Any]) -> tuple[int, Any]:
    name, email, message = form(event, "name", "email", "message")
    if not _EMAIL.fullmatch(email) or len(name) > _LONGEST_NAME or len(message) > _LONGEST_MESSAGE:
        raise Failed(400, "validation_failed")
    limit("contact", event, 5)
    key = hashlib.sha256(f"contact {event['headers']['idempotency-key']}".encode()).hexdigest()
    request = hashlib.sha256(event["body"].encode()).hexdigest()
    known = get("IDEMPOTENCY", {"key": key})
    if known is not None:
        if known["request"] != request:
            raise Failed(409, "idempotency_key_reused")
        return 201, {"success": True, "data": known["answer"]}
    now, answer = int(time.time()), {"id": str(uuid.uuid4())}
    written = {"name": name, "email": email, "message": message}
    submission = {"form": "contact", "position": f"{timestamp()}#{answer['id']}", **answer, **written}
    mail = {"id": str(uuid.uuid4()), "kind": "contact", "details": written, "expiresAt": now + 7 * DAY}
    idempotency = {"key": key, "request": request, "answer": answer, "expiresAt": now + DAY}
    dynamodb.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": table("SUBMISSIONS"), "Item": stored(submission)}},
            {"Put": {"TableName": table("OUTBOX"), "Item": stored(mail)}},
            {
                "Put": {
                    "TableName": table("IDEMPOTENCY"),
                    "Item": stored(idempotency),
                    "ConditionExpression": "attribute_not_exists(#k)",
                    "ExpressionAttributeNames": {"#k": "key"},
                }
            },
        ],
        ClientRequestToken=str(uuid.uuid4()),
    )
    return 201, {"success": True, "data": answer}
