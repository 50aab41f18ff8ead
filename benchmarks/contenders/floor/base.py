"""The database, JSON in and JSON out."""

import json
import re
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.config import Config
from common import tokens
from common.items import Database, Failed

PUBLIC = ("id", "name", "email", "role", "status", "emailVerified", "emailStatus", "createdAt", "updatedAt")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CONFIG = Config(connect_timeout=1, read_timeout=1.5, retries={"mode": "standard", "total_max_attempts": 2})
_session = botocore.session.get_session()
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Content-Type": "application/json; charset=utf-8",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}


def client(service: str) -> Any:
    """Create a client."""
    return _session.create_client(service, config=_CONFIG)


def _plain(value: dict[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return int(content)
        case "L":
            return [_plain(inner) for inner in content]
        case "M":
            return {name: _plain(inner) for name, inner in content.items()}
        case "NULL":
            return None
        case _:
            return content


def _stored(value: Any) -> dict[str, Any]:
    match value:
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case list():
            return {"L": [_stored(inner) for inner in value]}
        case _:
            return {"M": {name: _stored(inner) for name, inner in value.items()}}


database = Database(
    client("dynamodb"),
    plain=lambda item: {name: _plain(value) for name, value in item.items()},
    stored=lambda item: {name: _stored(value) for name, value in item.items()},
)


def answered(operation: Callable[[dict[str, Any]], tuple[int, Any]]) -> Callable[[dict[str, Any], object], Any]:
    """Turn a function from event to status and body into a Lambda handler."""

    def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
        headers = {**_HEADERS, "X-Request-Id": event["requestContext"]["requestId"]}
        try:
            status, body = operation(event)
        except Failed as error:
            status, body = error.status, {"success": False, "message": error.code, "code": error.code}
        print(json.dumps({"route": event["routeKey"], "status": status}))
        return {"statusCode": status, "headers": headers, "body": json.dumps(body)}

    return handler


def caller(event: dict[str, Any]) -> dict[str, Any]:
    """Return the session of the caller. Raises Failed."""
    return tokens.session_of(database, tokens.bearer(event["headers"].get("authorization", "")))


def client_of(event: dict[str, Any]) -> tuple[str, str]:
    """Return the client's address and user agent as the gateway reports them."""
    http = event["requestContext"]["http"]
    return http["sourceIp"], http["userAgent"]


def form(event: dict[str, Any], *names: str) -> list[str]:
    """Read text fields of the body. Raises Failed."""
    try:
        body = json.loads(event["body"])
        values = [body[name] for name in names]
    except (ValueError, KeyError, TypeError):
        raise Failed(400, "validation_failed") from None
    if not all(isinstance(value, str) and value.strip() for value in values):
        raise Failed(400, "validation_failed")
    return values
