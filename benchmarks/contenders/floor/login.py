"""POST /api/auth/login."""

from typing import Any

from common.items import Failed, limit
from common.login import sign_in

from floor.base import EMAIL, answered, client, client_of, database, form

_secretsmanager = client("secretsmanager")


@answered
def handler(event: dict[str, Any]) -> tuple[int, Any]:
    email, password = form(event, "email", "password")
    if not EMAIL.fullmatch(email):
        raise Failed(400, "validation_failed")
    ip, user_agent = client_of(event)
    limit(database, "login", 10, ip)
    return 200, sign_in(database, _secretsmanager, email, password, (ip, user_agent))
