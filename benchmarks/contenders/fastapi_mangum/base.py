"""The application, the database, and the dependencies that endpoints share."""

from typing import Annotated, Any

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.config import Config
from common import items, tokens
from common.items import Database, Failed
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

_CONFIG = Config(connect_timeout=1, read_timeout=1.5, retries={"mode": "standard", "total_max_attempts": 2})
_serialize, _deserialize = TypeSerializer().serialize, TypeDeserializer().deserialize
database = Database(
    boto3.client("dynamodb", config=_CONFIG),
    plain=lambda item: {name: _deserialize(value) for name, value in item.items()},
    stored=lambda item: {name: _serialize(value) for name, value in item.items()},
)
app = FastAPI(openapi_url=None)


@app.exception_handler(Failed)
def failed(_request: Request, error: Failed) -> JSONResponse:
    """Answer with the error's status and code."""
    return JSONResponse({"detail": error.code}, error.status)


def _caller(bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> dict[str, Any]:
    return tokens.session_of(database, bearer.credentials)


Caller = Annotated[dict[str, Any], Depends(_caller)]


def ip_of(request: Request) -> str:
    """Return the client's address as the gateway reports it."""
    return str(request.scope["aws.event"]["requestContext"]["http"]["sourceIp"])


class Limited:
    """A dependency that counts the requests of a client per minute."""

    def __init__(self, name: str, most: int) -> None:
        self.name, self.most = name, most

    def __call__(self, request: Request) -> None:
        items.limit(database, self.name, self.most, ip_of(request))
