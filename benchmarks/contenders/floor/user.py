"""GET /api/users/{userId}."""

from typing import Any

from common import users

from floor.base import PUBLIC, answered, caller, database


@answered
def handler(event: dict[str, Any]) -> tuple[int, Any]:
    user = users.find(database, caller(event), event["pathParameters"]["userId"])
    return 200, {"success": True, "data": {name: user[name] for name in PUBLIC}}
