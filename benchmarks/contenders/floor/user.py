"""GET /api/users/{userId}."""

from typing import Any

from common.items import PUBLIC

from floor.base import Failed, answered, caller, get


@answered
def handler(event: dict[str, Any]) -> tuple[int, Any]:
    user_id = event["pathParameters"]["userId"]
    session = caller(event)
    if session["role"] != "admin" and session["userId"] != user_id:
        raise Failed(403, "forbidden")
    user = get("USERS", {"id": user_id})
    if user is None:
        raise Failed(404, "user_not_found")
    return 200, {"success": True, "data": {name: user[name] for name in PUBLIC}}
