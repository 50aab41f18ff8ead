"""GET /api/users."""

from typing import Any

from common import users
from common.items import Failed

from floor.base import PUBLIC, answered, caller, database


@answered
def handler(event: dict[str, Any]) -> tuple[int, Any]:
    session = caller(event)
    query = event.get("queryStringParameters") or {}
    try:
        limit = int(query.get("limit", 20))
    except ValueError:
        raise Failed(400, "validation_failed") from None
    found, cursor = users.page(database, session, limit, query.get("cursor"))
    shown = [{name: user[name] for name in PUBLIC} for user in found]
    return 200, {"success": True, "data": shown, "nextCursor": cursor}
