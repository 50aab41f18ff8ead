"""Proxy keys: a front end's own server has one, and so vouches for the addresses of its clients.

Threats. Anyone can send the headers of a proxy: they count only with a valid key. A function that is tricked into
showing stored data must not show the key: no function can read it from storage, except the one that rotates it. All
others read its digest, SHA-256, which is safe for 256 random bits.

The key is a secret in Secrets Manager. Rotation stores the digest of a new key beside that of the current one, and then
deletes all older ones. So a key is valid from its publication until the second rotation after it: a front end has until
the next rotation to get the new key by a deployment.
"""

import hashlib
import hmac
import secrets

from shared.core import clock
from shared.core.conditions import Key
from shared.core.tables import Delete, Item, Put, Table, write
from shared.records import secret_versions
from shared.records.secret_versions import RotationError

# The table of `shared.records.keys`, which is not imported: it imports a JWT library, which few callers of this need.
_PUBLIC_KEYS = Table("public_keys_table")
_USE = "proxy"
_KEY_LENGTH = 32
# How long an execution environment may cache the digests.
_CACHE_LIFETIME = 5 * clock.MINUTE
# Requests with invented keys must not cause a read each.
_LOOKUP_INTERVAL = clock.MINUTE
_KEPT_STAGES = {"AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"}


class _Memory:
    """The digests that this execution environment has cached, and when it read them (seconds since 1970)."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.digests: tuple[bytes, ...] = ()
        self.read_at = 0


memory = _Memory()


def is_valid(key: str) -> bool:
    """Return whether this is a proxy key. Reads the digests every five minutes; for an unknown key once a minute."""
    digest = _digest(key)
    age = clock.now() - memory.read_at
    if age >= _CACHE_LIFETIME or (age >= _LOOKUP_INTERVAL and not _is_cached(digest)):
        memory.digests = tuple(item["digest"] for item in _published())
        memory.read_at = clock.now()
    return _is_cached(digest)


def _is_cached(digest: bytes) -> bool:
    return any(hmac.compare_digest(digest, each) for each in memory.digests)


def _published() -> list[Item]:
    return list(_PUBLIC_KEYS.query(Key("use").eq(_USE)))


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="replace")).digest()


# Rotation: the four steps that Secrets Manager calls, each of which it may repeat --------------------


def create(secret_id: str, version: str) -> None:
    """Create a key and store it as the secret's pending version."""
    if secret_versions.read(secret_id, VersionId=version) is None:
        secret_versions.put_pending(secret_id, version, secrets.token_urlsafe(_KEY_LENGTH))


def publish(secret_id: str, version: str) -> None:
    """Store the digest of the pending key. The key is valid from now on."""
    item = {"use": _USE, "kid": version, "digest": _digest(_pending_key(secret_id, version)), "createdAt": clock.now()}
    write(Put(table=_PUBLIC_KEYS, item=item))


def test(secret_id: str, version: str) -> None:
    """Verify that the digest of the pending key is stored.

    Raises:
        RotationError: it is not.

    """
    digest = _digest(_pending_key(secret_id, version))
    if all(item["digest"] != digest for item in _published()):
        raise RotationError(f"The key of version {version} is not published: the step setSecret has not been done")


def finish(secret_id: str, version: str) -> None:
    """Make the pending key the current one. Of the earlier keys, only the one that was current stays valid.

    Raises:
        RotationError: a later rotation has already replaced this version.

    """
    # Never make a version current that holds no key.
    _pending_key(secret_id, version)
    secret_versions.make_current(secret_id, version)
    stages_of = secret_versions.stages(secret_id)
    kept = {each for each in stages_of if _KEPT_STAGES & set(stages_of[each])}
    for item in _published():
        if item["kid"] not in kept:
            write(Delete(table=_PUBLIC_KEYS, key={"use": _USE, "kid": item["kid"]}))


def _pending_key(secret_id: str, version: str) -> str:
    found = secret_versions.read(secret_id, VersionId=version)
    if found is None:
        raise RotationError(f"Version {version} of the secret holds no key: the step createSecret has not been done")
    return found[1]
