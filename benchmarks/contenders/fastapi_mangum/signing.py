"""The key that signs, read every five minutes, and what signing in answers."""

import os
import time
from typing import Any

import boto3
import jwt

from fastapi_mangum.base import Model, public_keys

_client = boto3.client("secretsmanager")
_key: tuple[Any, str] | None = None
_read_at = 0.0


class SignedInUser(Model):
    """Who has signed in."""

    id: str
    email: str
    name: str
    role: str


class SignedIn(Model):
    """The tokens."""

    token: str
    token_type: str
    expires_in: int
    refresh_token: str
    user: SignedInUser


def signing_key() -> tuple[Any, str]:
    """Give the private key and its id."""
    global _key, _read_at
    if _key is None or time.time() > _read_at + 300:
        published = public_keys()
        answer = _client.get_secret_value(SecretId=os.environ["SIGNING_KEY_SECRET"], VersionStage="AWSCURRENT")
        if answer["VersionId"] not in published:
            raise RuntimeError("the key is not published")
        _key, _read_at = (jwt.PyJWK.from_json(answer["SecretString"], "ES256").key, answer["VersionId"]), time.time()
    return _key
