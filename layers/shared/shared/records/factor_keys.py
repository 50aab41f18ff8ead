"""The keys that protect factors: they seal secrets, and authenticate recovery codes and challenges.

A secret in Secrets Manager holds all keys, as JSON: `{"current": "…", "earlier": ["…"]}`. New content is protected with
the current key, and names it by a digest; earlier keys stay, because what they protect must stay readable. `make
factor-key` adds one. Only functions that verify factors may read the secret, so a copy of the tables tells nothing
about factors, not even to someone who guesses (NIST SP 800-63B, 5.1.2.2, allows a keyed hash for recovery codes).

The content of one factor cannot be used for another one: its seal is bound to a context, the user and the factor.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.core import clock
from shared.core.config import variable
from shared.core.errors import Unavailable
from shared.records import secret_versions

_CACHE_LIFETIME = 5 * clock.MINUTE
# Challenges with invented versions must not cause a read each.
_LOOKUP_INTERVAL = clock.MINUTE
_NONCE_SIZE = 12
_ID_SIZE = 8


class _Memory:
    """The keys that this execution environment has cached, and when it read them (seconds since 1970)."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.current = ""
        self.keys: Mapping[str, bytes] = {}
        self.read_at = 0


memory = _Memory()


def seal(content: bytes, *, context: str) -> bytes:
    """Encrypt and authenticate content (AES-256-GCM) with the current key.

    Raises:
        Unavailable: Secrets Manager is unreachable.

    """
    key_id, nonce = current(), os.urandom(_NONCE_SIZE)
    return key_id.encode() + nonce + AESGCM(_key(key_id, "seal")).encrypt(nonce, content, context.encode())


def unseal(sealed: bytes, *, context: str) -> bytes:
    """Return sealed content.

    Raises:
        Unavailable: the secret has lost the key, or Secrets Manager is unreachable.

    """
    key_id, encrypted = sealed[:_ID_SIZE].decode(), sealed[_ID_SIZE:]
    nonce, encrypted = encrypted[:_NONCE_SIZE], encrypted[_NONCE_SIZE:]
    return AESGCM(_key(key_id, "seal")).decrypt(nonce, encrypted, context.encode())


def is_outdated(sealed: bytes) -> bool:
    """Return whether an earlier key has sealed the content.

    Raises:
        Unavailable: Secrets Manager is unreachable.

    """
    return sealed[:_ID_SIZE].decode() != current()


def digest(purpose: str, content: bytes, *, key_id: str) -> bytes:
    """Return 32 bytes that authenticate content for a purpose (HMAC-SHA-256), with the key of this id.

    Raises:
        Unavailable: the secret has no such key, or Secrets Manager is unreachable.

    """
    return hmac.digest(_key(key_id, purpose), content, hashlib.sha256)


def is_known(key_id: str) -> bool:
    """Return whether the secret has a key of this id, which may be invented.

    Raises:
        Unavailable: Secrets Manager is unreachable.

    """
    _read_if_due(key_id)
    return key_id in memory.keys


def current() -> str:
    """Return the id of the key that protects new content.

    Raises:
        Unavailable: Secrets Manager is unreachable.

    """
    if memory.read_at + _CACHE_LIFETIME <= clock.now():
        _read()
    return memory.current


def _key(key_id: str, purpose: str) -> bytes:
    """Derive the key of a purpose. Each key in the secret is random, so one HMAC is enough (RFC 5869, 3.3)."""
    if not is_known(key_id):
        raise Unavailable(f"the secret FactorKeySecret has no key {key_id}: see docs/runbooks.md, Restoring a table")
    return hmac.digest(memory.keys[key_id], purpose.encode(), hashlib.sha256)


def _read_if_due(key_id: str) -> None:
    is_due = memory.read_at + _CACHE_LIFETIME <= clock.now()
    if is_due or (key_id not in memory.keys and memory.read_at + _LOOKUP_INTERVAL <= clock.now()):
        _read()


def _read() -> None:
    found = secret_versions.read(variable("FACTOR_KEY_SECRET"), VersionStage="AWSCURRENT")
    if found is None:
        raise Unavailable("the secret FactorKeySecret has no value")
    stored = json.loads(found[1])
    texts = (stored["current"], *stored["earlier"])
    memory.keys = {hashlib.sha256(text.encode()).hexdigest()[:_ID_SIZE]: text.encode() for text in texts}
    memory.current = next(iter(memory.keys))
    memory.read_at = clock.now()
