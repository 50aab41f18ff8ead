"""POST /api/auth/refresh."""

from typing import Any

from common.refresh import refresh

from floor.base import answered, client, client_of, database, form

_secretsmanager = client("secretsmanager")


@answered
def handler(event: dict[str, Any]) -> tuple[int, Any]:
    (token,) = form(event, "refreshToken")
    return 200, refresh(database, _secretsmanager, token, client_of(event))
