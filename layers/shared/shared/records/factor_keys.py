"""The keys that protect factors: they seal secrets, and authenticate recovery codes and challenges.

A secret in Secrets Manager holds all keys, as JSON: `{"current": "2", "1": "…", "2": "…"}`. New content is protected
with the current key, and names it; earlier keys stay, because what they protect must stay readable. `make factor-key`
adds one. Only functions that verify factors may read the secret, so a copy of the tables tells nothing about factors,
not even to someone who guesses (NIST SP 800-63B, 5.1.2.2, allows a keyed hash for recovery codes).

The content of one factor cannot be used for another one: its seal is bound to a context, the user and the factor.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.core import clock
from shared.core.config import variable
from shared.core.errors import Unavailable
from shared.records import secret_versions

_CACHE_LIFETIME = 5 * clock.MINUTE
# Challenges with invented versions must not cause a read each.
_LOOKUP_INTERVAL = clock.MINUTE
_NONCE_SIZE = 12
_CURRENT = "current"


class Unsealed(NamedTuple):
    """Content that was sealed. If `is_outdated`, an earlier key has sealed it."""

    content: bytes
    is_outdated: bool


class _Memory:
    """The keys that this execution environment has cached, and when it read them (seconds since 1970)."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.texts: Mapping[str, str] = {}
        self.read_at = 0


memory = _Memory()


def seal(content: bytes, *, context: str) -> bytes:
    """Encrypt and authenticate content (AES-256-GCM) with the current key.

    Raises:
        Unavailable: Secrets Manager is unreachable.

    """
    version = current_version()
    nonce = os.urandom(_NONCE_SIZE)
    encrypted = AESGCM(_key(version, "seal")).encrypt(nonce, content, context.encode())
    return version.encode() + b"\x00" + nonce + encrypted


def unseal(sealed: bytes, *, context: str) -> Unsealed:
    """Return sealed content.

    Raises:
        Unavailable: the secret has lost the key, or Secrets Manager is unreachable.

    """
    named, _, rest = sealed.partition(b"\x00")
    version = named.decode()
    try:
        content = AESGCM(_key(version, "seal")).decrypt(rest[:_NONCE_SIZE], rest[_NONCE_SIZE:], context.encode())
    except InvalidTag as error:
        raise Unavailable(
            f"version {version} in the secret FactorKeySecret is not the key that sealed a factor"
        ) from error
    return Unsealed(content, version != current_version())


def digest(purpose: str, content: bytes, *, version: str) -> bytes:
    """Return 32 bytes that authenticate content for a purpose, with one version of the key.

    Raises:
        Unavailable: the secret has no such version, or Secrets Manager is unreachable.

    """
    return hmac.digest(_key(version, purpose), content, hashlib.sha256)


def current_version() -> str:
    """Return the version of the key that protects new content.

    Raises:
        Unavailable: Secrets Manager is unreachable.

    """
    if memory.read_at + _CACHE_LIFETIME <= clock.now():
        _read()
    return memory.texts[_CURRENT]


def _key(version: str, purpose: str) -> bytes:
    """Derive the key of a purpose. Each text in the secret is random, so one HMAC is enough (RFC 5869, 3.3)."""
    text = _text(version)
    if text is None:
        raise Unavailable(f"the secret FactorKeySecret has no version {version}")
    return hmac.digest(text.encode(), purpose.encode(), hashlib.sha256)


def _text(version: str) -> str | None:
    if version == _CURRENT:
        return None
    is_due = memory.read_at + _CACHE_LIFETIME <= clock.now()
    if is_due or (version not in memory.texts and memory.read_at + _LOOKUP_INTERVAL <= clock.now()):
        _read()
    return memory.texts.get(version)


def _read() -> None:
    found = secret_versions.read(variable("FACTOR_KEY_SECRET"), VersionStage="AWSCURRENT")
    if found is None:
        raise Unavailable("the secret FactorKeySecret has no value")
    memory.texts = json.loads(found[1])
    memory.read_at = clock.now()
