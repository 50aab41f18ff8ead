"""The contact form."""

import hashlib
import time
import uuid
from typing import Any

from common.items import DAY, Failed, table, timestamp


def submit(database: Any, form: dict[str, str], body: str, idempotency_key: str) -> dict[str, str]:
    """Store a submission and the email about it, once per idempotency key; return its id. Raises Failed."""
    key = hashlib.sha256(f"contact {idempotency_key}".encode()).hexdigest()
    request = hashlib.sha256(body.encode()).hexdigest()
    known = database.get("IDEMPOTENCY", {"key": key})
    if known is not None:
        if known["request"] != request:
            raise Failed(409, "idempotency_key_reused")
        return known["answer"]
    now, answer = int(time.time()), {"id": str(uuid.uuid4())}
    submission = {"form": "contact", "position": f"{timestamp()}#{answer['id']}", **answer, **form}
    email = {"id": str(uuid.uuid4()), "kind": "contact", "details": form, "expiresAt": now + 7 * DAY}
    idempotency = {
        "TableName": table("IDEMPOTENCY"),
        "Item": {"key": key, "request": request, "answer": answer, "expiresAt": now + DAY},
        "ConditionExpression": "attribute_not_exists(#k)",
        "ExpressionAttributeNames": {"#k": "key"},
    }
    changes = [
        {"Put": {"TableName": table("SUBMISSIONS"), "Item": submission}},
        {"Put": {"TableName": table("OUTBOX"), "Item": email}},
        {"Put": idempotency},
    ]
    database.write(changes, str(uuid.uuid4()))
    return answer
