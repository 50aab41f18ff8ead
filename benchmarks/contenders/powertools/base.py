"""The resolver, the database, and what endpoints share."""

import os
import time
from typing import Any

import boto3
import jwt
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.exceptions import ForbiddenError, ServiceError, UnauthorizedError
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from boto3.dynamodb.conditions import Key
from botocore.config import Config
from common import tokens
from common.items import counts, table, window
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

logger = Logger(service="benchmark")
tracer = Tracer(service="benchmark")
metrics = Metrics(namespace="Benchmark", service="benchmark")
app = APIGatewayHttpResolver(enable_validation=True)
_CONFIG = Config(connect_timeout=1, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 3})
dynamodb = boto3.resource("dynamodb", config=_CONFIG)
_keys: dict[str, Any] = {}
_keys_read_at = 0.0


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
@tracer.capture_lambda_handler
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer what Lambda hands over."""
    metrics.add_metric(name="Requests", unit=MetricUnit.Count, value=1)
    answer = app.resolve(event, context)
    logger.info("request", status=answer["statusCode"])
    return answer


class Model(BaseModel):
    """Named in snake_case here and in camelCase by callers."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class User(Model):
    """A user, as callers see it."""

    id: str
    name: str
    email: str
    role: str
    status: str
    email_verified: bool
    email_status: str
    created_at: str
    updated_at: str


def get(name: str, key: dict[str, Any]) -> dict[str, Any] | None:
    """Read an item, consistently."""
    return dynamodb.Table(table(name)).get_item(Key=key, ConsistentRead=True).get("Item")


def public_keys() -> dict[str, Any]:
    """Give the keys that verify, read every five minutes."""
    global _keys, _keys_read_at  # noqa: PLW0603
    if time.time() > _keys_read_at + 300:
        answer = dynamodb.Table(table("PUBLIC_KEYS")).query(
            KeyConditionExpression=Key("use").eq("access-token"), ConsistentRead=True
        )
        _keys = {item["kid"]: jwt.PyJWK(item["jwk"]).key for item in answer["Items"]}
        _keys_read_at = time.time()
    return _keys


@tracer.capture_method
def caller() -> dict[str, Any]:
    """Give the session of whoever is calling."""
    scheme, _, token = app.current_event.headers.get("authorization", "").partition(" ")
    try:
        claims = tokens.claims(token, public_keys()[tokens.kid_of(token)])
    except (jwt.PyJWTError, KeyError):
        raise UnauthorizedError("invalid_token") from None
    session = get("SESSIONS", {"userId": claims["sub"], "sessionId": claims["sid"]})
    if scheme.lower() != "bearer" or session is None or not counts(session):
        raise UnauthorizedError("session_ended")
    return session


def admin() -> dict[str, Any]:
    """Give the session of an administrator."""
    session = caller()
    if session["role"] != "admin":
        raise ForbiddenError("forbidden")
    return session


def client() -> tuple[str, str]:
    """Give the client's address, as the gateway says, and what it says to be."""
    http = app.current_event.raw_event["requestContext"]["http"]
    return http["sourceIp"], http["userAgent"]


def limit(name: str, most: int) -> None:
    """Count a request of this client in this minute."""
    key, end = window(name, client()[0])
    answer = dynamodb.Table(table("LIMITS")).update_item(
        Key={"key": key},
        UpdateExpression="SET expiresAt = :e ADD #c :one",
        ExpressionAttributeNames={"#c": "count"},
        ExpressionAttributeValues={":e": end, ":one": 1},
        ReturnValues="ALL_NEW",
    )
    if answer["Attributes"]["count"] > most * int(os.environ["RATE_LIMIT_MULTIPLIER"]):
        raise ServiceError(429, "too_many_requests")
