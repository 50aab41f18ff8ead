"""DynamoDB's own form of values, the caller, and answers."""

import json
import os
import time
from typing import Any

import botocore.session
import jwt
from botocore.config import Config
from common import tokens
from common.items import counts, table, window

_CONFIG = Config(connect_timeout=1, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 3})
_session = botocore.session.get_session()
dynamodb = _session.create_client("dynamodb", config=_CONFIG)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Content-Type": "application/json; charset=utf-8",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}
_keys: dict[str, Any] = {}
_keys_read_at = 0.0


class Failed(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code


def answered(operation: Any) -> Any:
    """Make Lambda's handler of a function from event to body (and status)."""

    def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
        headers = {**_HEADERS, "X-Request-Id": event["requestContext"]["requestId"]}
        try:
            status, body = operation(event)
        except Failed as error:
            status, body = error.status, {"success": False, "message": error.code, "code": error.code}
        print(json.dumps({"route": event["routeKey"], "status": status}))
        return {"statusCode": status, "headers": headers, "body": json.dumps(body)}

    return handler


def secretsmanager() -> Any:
    """Make the client for Secrets Manager."""
    return _session.create_client("secretsmanager", config=_CONFIG)


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """Read DynamoDB's form of an item."""
    return {name: _plain(*value.items()) for name, value in item.items()}


def _plain(pair: tuple[str, Any]) -> Any:
    kind, value = pair
    match kind:
        case "N":
            return int(value)
        case "L":
            return [_plain(*inner.items()) for inner in value]
        case "M":
            return plain(value)
        case "NULL":
            return None
        case _:
            return value


def stored(item: dict[str, Any]) -> dict[str, Any]:
    """Write DynamoDB's form of an item of texts, bytes, whole numbers and dictionaries."""
    return {name: _stored(value) for name, value in item.items()}


def _stored(value: Any) -> dict[str, Any]:
    match value:
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case _:
            return {"M": stored(value)}


def get(name: str, key: dict[str, Any]) -> dict[str, Any] | None:
    """Read an item, consistently."""
    item = dynamodb.get_item(TableName=table(name), Key=stored(key), ConsistentRead=True).get("Item")
    return plain(item) if item else None


def public_keys() -> dict[str, Any]:
    """Give the keys that verify, read every five minutes."""
    global _keys, _keys_read_at  # noqa: PLW0603
    if time.time() > _keys_read_at + 300:
        answer = dynamodb.query(
            TableName=table("PUBLIC_KEYS"),
            KeyConditionExpression="#u = :u",
            ExpressionAttributeNames={"#u": "use"},
            ExpressionAttributeValues={":u": {"S": "access-token"}},
            ConsistentRead=True,
        )
        _keys = {item["kid"]: jwt.PyJWK(item["jwk"]).key for item in map(plain, answer["Items"])}
        _keys_read_at = time.time()
    return _keys


def caller(event: dict[str, Any]) -> dict[str, Any]:
    """Give the session of whoever is calling."""
    scheme, _, token = event["headers"].get("authorization", "").partition(" ")
    try:
        claims = tokens.claims(token, public_keys()[tokens.kid_of(token)])
    except (jwt.PyJWTError, KeyError):
        raise Failed(401, "invalid_token") from None
    session = get("SESSIONS", {"userId": claims["sub"], "sessionId": claims["sid"]})
    if scheme.lower() != "bearer" or session is None or not counts(session):
        raise Failed(401, "session_ended")
    return session


def limit(name: str, event: dict[str, Any], most: int) -> None:
    """Count a request of this client in this minute."""
    key, end = window(name, event["requestContext"]["http"]["sourceIp"])
    answer = dynamodb.update_item(
        TableName=table("LIMITS"),
        Key={"key": {"S": key}},
        UpdateExpression="SET expiresAt = :e ADD #c :one",
        ExpressionAttributeNames={"#c": "count"},
        ExpressionAttributeValues={":e": {"N": str(end)}, ":one": {"N": "1"}},
        ReturnValues="ALL_NEW",
    )
    if int(answer["Attributes"]["count"]["N"]) > most * int(os.environ["RATE_LIMIT_MULTIPLIER"]):
        raise Failed(429, "too_many_requests")


def form(event: dict[str, Any], *names: str) -> list[str]:
    """Read texts of the body."""
    try:
        body = json.loads(event["body"])
        values = [body[name] for name in names]
    except (ValueError, KeyError, TypeError):
        raise Failed(400, "validation_failed") from None
    if not all(isinstance(value, str) and value.strip() for value in values):
        raise Failed(400, "validation_failed")
    return values
