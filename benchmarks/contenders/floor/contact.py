"""POST /api/contact."""

from typing import Any

from common.contact import submit
from common.items import Failed, limit

from floor.base import EMAIL, answered, client_of, database, form

_LONGEST_NAME, _LONGEST_MESSAGE = 100, 10_000


@answered
def handler(event: dict[str, Any]) -> tuple[int, Any]:
    name, email, message = form(event, "name", "email", "message")
    if not EMAIL.fullmatch(email) or len(name) > _LONGEST_NAME or len(message) > _LONGEST_MESSAGE:
        raise Failed(400, "validation_failed")
    key = event["headers"].get("idempotency-key")
    if not key:
        raise Failed(400, "validation_failed")
    limit(database, "contact", 5, client_of(event)[0])
    written = {"name": name, "email": email, "message": message}
    return 201, {"success": True, "data": submit(database, written, event["body"], key)}
