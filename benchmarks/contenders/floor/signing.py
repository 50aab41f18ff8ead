"""The key that signs, read every five minutes."""

import os
import time
from typing import Any

import jwt

from floor.base import public_keys, secretsmanager

_client = secretsmanager()
_key: tuple[Any, str] | None = None
_read_at = 0.0


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
