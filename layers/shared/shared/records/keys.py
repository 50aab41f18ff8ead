"""The signing key, its rotation, and the public keys that verify its signatures.

The algorithm is ES256 (RFC 7518, 3.4). The private key is the current version of a secret in Secrets Manager, and `kid`
is the id of that version. Only functions that issue tokens may read the secret; all others need only the public keys.
Rotation publishes a public key in a table before the first token is signed with it, and keeps it there until the last
such token has expired.

Each execution environment caches the keys for five minutes, so most calls read none. A new key is therefore used for
signing only ten minutes after its publication, when every cached list of public keys includes it; until then, the
previous key is used. So no execution environment rejects a token that another one has signed.
"""

import json
from typing import TYPE_CHECKING, NamedTuple

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from shared.core import clock
from shared.core.conditions import Attr, Key
from shared.core.config import settings
from shared.core.errors import Unavailable
from shared.core.tables import Item, Put, Table, Update, write
from shared.records import secret_versions
from shared.records.secret_versions import RotationError

if TYPE_CHECKING:
    from shared.shapes.keys import Jwk, Jwks

PUBLIC_KEYS = Table("public_keys_table")
ALGORITHM = "ES256"
ACCESS_TOKEN_LIFETIME = clock.HOUR
_USE = "access-token"
_ECDSA = ECAlgorithm(ECAlgorithm.SHA256, ec.SECP256R1)
# How long a signer may cache its key, and a verifier its list of keys.
_CACHE_LIFETIME = 5 * clock.MINUTE
# The time between the publication of a key and its first signature.
_ACTIVATION_DELAY = 2 * _CACHE_LIFETIME
# Tokens with invented key ids must not cause a read each.
_LOOKUP_INTERVAL = clock.MINUTE
# A replaced key verifies until the last token has expired that a signer could have signed with its cached copy.
_VALID_AFTER_ROTATION = _ACTIVATION_DELAY + _CACHE_LIFETIME + ACCESS_TOKEN_LIFETIME + clock.HOUR


class SigningKey(NamedTuple):
    """The private key, and the id under which its public key is published."""

    kid: str
    private_key: ec.EllipticCurvePrivateKey


class PublicKey(NamedTuple):
    """A published key. `expires_at` is None until the key is replaced."""

    kid: str
    jwk: "Jwk"
    public_key: ec.EllipticCurvePublicKey
    published_at: int
    expires_at: int | None

    @property
    def is_valid(self) -> bool:
        """Whether the key has not expired. DynamoDB deletes late, so the time is checked here."""
        return self.expires_at is None or self.expires_at > clock.now()

    @classmethod
    def from_item(cls, item: Item) -> "PublicKey":
        """Create a key from a stored item."""
        key = _ECDSA.from_jwk(item["jwk"])
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise TypeError(f"The published key {item['kid']} is not a public key")
        return cls(
            kid=item["kid"],
            jwk=item["jwk"],
            public_key=key,
            published_at=item["createdAt"],
            expires_at=item.get("expiresAt"),
        )


class _Memory:
    """The keys that this execution environment has cached, and when it read them (seconds since 1970)."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.signing_key: SigningKey | None = None
        self.signing_key_read_at = 0
        self.public_keys: dict[str, PublicKey] = {}
        self.public_keys_read_at = 0
        self.unknown_key_looked_up_at = 0


memory = _Memory()


# Signing and verifying -----------------------------------------------------------------------------


def signing_key() -> SigningKey:
    """Return the key to sign with now.

    Raises:
        Unavailable: the first rotation has not finished, or Secrets Manager is unreachable.

    """
    if memory.signing_key is None or memory.signing_key_read_at + _CACHE_LIFETIME <= clock.now():
        memory.signing_key = _choose_signing_key()
        memory.signing_key_read_at = clock.now()
    if memory.signing_key is None:
        raise Unavailable("there is no signing key yet: the first rotation has not finished")
    return memory.signing_key


def _choose_signing_key() -> SigningKey | None:
    published = {key.kid: key for key in _published_keys()}
    current = _read_secret(VersionStage="AWSCURRENT")
    if current is None or current.kid not in published:
        return None
    if published[current.kid].published_at + _ACTIVATION_DELAY > clock.now():
        previous = _read_secret(VersionStage="AWSPREVIOUS")
        if previous is not None and previous.kid in published:
            return previous
    return current


def public_key(kid: str) -> ec.EllipticCurvePublicKey | None:
    """Return the valid public key with this id, or None. An unknown id causes a read, at most once a minute.

    The minute starts at the last lookup of an unknown id, not at the last read. A token is therefore accepted even if
    its key was published right after the last read.
    """
    now = clock.now()
    if memory.public_keys_read_at + _CACHE_LIFETIME <= now:
        _read_public_keys(now)
    elif kid not in memory.public_keys and memory.unknown_key_looked_up_at + _LOOKUP_INTERVAL <= now:
        memory.unknown_key_looked_up_at = now
        _read_public_keys(now)
    key = memory.public_keys.get(kid)
    return key.public_key if key is not None and key.is_valid else None


def _read_public_keys(now: int) -> None:
    memory.public_keys = {key.kid: key for key in _published_keys()}
    memory.public_keys_read_at = now


def jwks() -> "Jwks":
    """Return the valid public keys as a JWK Set (RFC 7517, 5). Always reads the table, so it also checks DynamoDB."""
    return {"keys": [key.jwk for key in _published_keys()]}


# Rotation: the four steps that Secrets Manager calls, each of which it may repeat --------------------


def create(version: str) -> None:
    """Create a private key and store it as the secret's pending version."""
    if _read_secret(VersionId=version) is not None:
        return
    private_key = ec.generate_private_key(ec.SECP256R1())
    text = json.dumps(_ECDSA.to_jwk(private_key, as_dict=True))
    secret_versions.put_pending(settings().signing_key_secret, version, text)


def publish(version: str) -> None:
    """Publish the public key of the pending key, before anything is signed with it."""
    key = _pending_key(version)
    jwk = _ECDSA.to_jwk(key.private_key.public_key(), as_dict=True)
    item = {
        "use": _USE,
        "kid": version,
        "jwk": jwk | {"kid": version, "use": "sig", "alg": ALGORITHM},
        "createdAt": clock.now(),
    }
    # Never overwrite a key that a finished rotation has set to expire.
    when = Attr("kid").not_exists() | Attr("expiresAt").not_exists()
    write(Put(table=PUBLIC_KEYS, item=item, when=when))


def test(version: str) -> None:
    """Verify a signature of the pending key with its published public key.

    Raises:
        RotationError: the public key is not published.

    """
    key = _pending_key(version)
    published = next((key for key in _published_keys() if key.kid == version), None)
    if published is None:
        raise RotationError(
            f"The public key of version {version} is not published: the step setSecret has not been done"
        )
    jwt.decode(jwt.encode({}, key.private_key, ALGORITHM), published.public_key, [ALGORITHM])


def finish(version: str) -> None:
    """Make the pending key the signing key, and set an expiry for the other public keys.

    Raises:
        RotationError: a later rotation has already replaced this version. That must not be undone.

    """
    # Never make a version current that holds no key.
    _pending_key(version)
    secret_versions.make_current(settings().signing_key_secret, version)
    _expire_other_keys(version)


def _expire_other_keys(version: str) -> None:
    """Set an expiry for all public keys but this one and a pending one.

    Not only for the previous key, because an earlier rotation may have stopped before this step. Not for a pending key,
    because this step may be repeated after the next rotation has begun.
    """
    stages_of = secret_versions.stages(settings().signing_key_secret)
    end = clock.now() + _VALID_AFTER_ROTATION
    for key in _published_keys():
        is_pending = "AWSPENDING" in stages_of.get(key.kid, ())
        if key.kid != version and not is_pending and key.expires_at is None:
            write(Update(table=PUBLIC_KEYS, key={"use": _USE, "kid": key.kid}, set={"expiresAt": end}))


def _pending_key(version: str) -> SigningKey:
    key = _read_secret(VersionId=version)
    if key is None:
        raise RotationError(f"Version {version} of the secret holds no key: the step createSecret has not been done")
    return key


# Reading -------------------------------------------------------------------------------------------


def _published_keys() -> list[PublicKey]:
    keys = map(PublicKey.from_item, PUBLIC_KEYS.query(Key("use").eq(_USE)))
    return [key for key in keys if key.is_valid]


def _read_secret(**which: str) -> SigningKey | None:
    """Read one version of the secret. Return None if the version does not exist or holds no key yet."""
    found = secret_versions.read(settings().signing_key_secret, **which)
    if found is None:
        return None
    version, text = found
    try:
        private_key = _ECDSA.from_jwk(text)
    except jwt.InvalidKeyError:
        return None
    return SigningKey(version, private_key) if isinstance(private_key, ec.EllipticCurvePrivateKey) else None
