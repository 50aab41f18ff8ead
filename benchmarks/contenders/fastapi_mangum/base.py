"""The application, the database, and the dependencies that endpoints share."""

import os
import time
from typing import Annotated, Any

import boto3
import jwt
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.config import Config
from common import tokens
from common.items import counts, table, window
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

_CONFIG = Config(connect_timeout=1, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 3})
dynamodb = boto3.client("dynamodb", config=_CONFIG)
_serializer, _deserializer = TypeSerializer(), TypeDeserializer()
_keys: dict[str, Any] = {}
_keys_read_at = 0.0

app = FastAPI(openapi_url=None)


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


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """Read DynamoDB's form of an item."""
    return {name: _deserializer.deserialize(value) for name, value in item.items()}


def stored(item: dict[str, Any]) -> dict[str, Any]:
    """Write DynamoDB's form of an item."""
    return {name: _serializer.serialize(value) for name, value in item.items()}


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


def _caller(bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> dict[str, Any]:
    try:
        claims = tokens.claims(bearer.credentials, public_keys()[tokens.kid_of(bearer.credentials)])
    except (jwt.PyJWTError, KeyError):
        raise HTTPException(401, "invalid_token") from None
    session = get("SESSIONS", {"userId": claims["sub"], "sessionId": claims["sid"]})
    if session is None or not counts(session):
        raise HTTPException(401, "session_ended")
    return session


Caller = Annotated[dict[str, Any], Depends(_caller)]


def _admin(session: Caller) -> dict[str, Any]:
    if session["role"] != "admin":
        raise HTTPException(403, "forbidden")
    return session


Admin = Annotated[dict[str, Any], Depends(_admin)]


def ip_of(request: Request) -> str:
    """Give the client's address, as the gateway says."""
    return str(request.scope["aws.event"]["requestContext"]["http"]["sourceIp"])


class Limited:
    """A dependency that counts a request of this client in this minute."""

    def __init__(self, name: str, most: int) -> None:
        self.name, self.most = name, most

    def __call__(self, request: Request) -> None:
        key, end = window(self.name, ip_of(request))
        answer = dynamodb.update_item(
            TableName=table("LIMITS"),
            Key=stored({"key": key}),
            UpdateExpression="SET expiresAt = :e ADD #c :one",
            ExpressionAttributeNames={"#c": "count"},
            ExpressionAttributeValues=stored({":e": end, ":one": 1}),
            ReturnValues="ALL_NEW",
        )
        if plain(answer["Attributes"])["count"] > self.most * int(os.environ["RATE_LIMIT_MULTIPLIER"]):
            raise HTTPException(429, "too_many_requests")
