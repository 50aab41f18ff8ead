"""The signing key, its rotation, and the public keys that verify what it signed.

ES256 (RFC 7518, 3.4). The private key is the current value of a secret in Secrets Manager, and `kid` is the version of
that secret. Only functions that issue tokens may read it; everybody else needs the public keys alone, which the
rotation publishes to a table before the first token is signed and keeps until the last one has expired.

An execution environment remembers both for five minutes, so that a warm call reads neither. A new key therefore signs
only ten minutes after it was published: by then every list of public keys has it. Until then the one before it signs.
So no container refuses what another has signed, whatever each remembers.
"""

import json
from typing import Any, NamedTuple

import jwt
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from shared.core import clock
from shared.core.aws import error_code, secretsmanager, translated_errors
from shared.core.conditions import Attr, Key
from shared.core.config import settings
from shared.core.errors import Unavailable
from shared.core.tables import Item, Put, Table, Update, write

PUBLIC_KEYS = Table("public_keys_table")
ALGORITHM = "ES256"
ACCESS_TOKEN_LIFETIME = clock.HOUR
_USE = "access-token"
_ECDSA = ECAlgorithm(ECAlgorithm.SHA256, ec.SECP256R1)
# A signer may hold on to its key for so long, and a verifier to its list of keys.
_REMEMBERED = 5 * clock.MINUTE
# A new key signs only so long after it was published.
_DELAY = 2 * _REMEMBERED
# Tokens with invented key ids must not make a read each.
_PAUSE_BETWEEN_LOOKUPS = clock.MINUTE
# A replaced key verifies until the last token that a forgetful signer made with it has expired.
_KEPT_AFTER_ROTATION = _DELAY + _REMEMBERED + ACCESS_TOKEN_LIFETIME + clock.HOUR


class SigningKey(NamedTuple):
    """The private key, and the id under which its public half is published."""

    kid: str
    private_key: ec.EllipticCurvePrivateKey


class PublicKey(NamedTuple):
    """A published key; `expires_at` is None until it is replaced."""

    kid: str
    jwk: dict[str, Any]
    public_key: ec.EllipticCurvePublicKey
    published_at: int
    expires_at: int | None

    @property
    def is_valid(self) -> bool:
        """Say whether it still verifies. DynamoDB deletes late, so the time is checked here."""
        return self.expires_at is None or self.expires_at > clock.now()

    @classmethod
    def from_item(cls, item: Item) -> "PublicKey":
        """Read what the table holds."""
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
    """What this execution environment remembers, and since when (seconds since 1970)."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.signing_key: SigningKey | None = None
        self.signing_key_read_at = 0
        self.public_keys: dict[str, PublicKey] = {}
        self.public_keys_read_at = 0
        self.unknown_key_looked_up_at = 0


memory = _Memory()


# Using keys ----------------------------------------------------------------------------------------


def signing_key() -> SigningKey:
    """Give the key that signs now.

    Raises:
        Unavailable: the first rotation has not finished, or Secrets Manager is out of reach.

    """
    if memory.signing_key is None or memory.signing_key_read_at + _REMEMBERED <= clock.now():
        memory.signing_key = _choose_signing_key()
        memory.signing_key_read_at = clock.now()
    if memory.signing_key is None:
        raise Unavailable
    return memory.signing_key


def _choose_signing_key() -> SigningKey | None:
    published = {key.kid: key for key in _published()}
    current = _read_secret(VersionStage="AWSCURRENT")
    if current is None or current.kid not in published:
        return None
    if published[current.kid].published_at + _DELAY > clock.now():
        previous = _read_secret(VersionStage="AWSPREVIOUS")
        if previous is not None and previous.kid in published:
            return previous
    return current


def public_key(kid: str) -> ec.EllipticCurvePublicKey | None:
    """Give the public key with this id, if it still counts. An unknown id reads the table, at most once a minute.

    The minute counts from the last unknown id, not from the last reading: a token of a key that was published just
    after that is good.
    """
    now = clock.now()
    if memory.public_keys_read_at + _REMEMBERED <= now:
        _remember_published(now)
    elif kid not in memory.public_keys and memory.unknown_key_looked_up_at + _PAUSE_BETWEEN_LOOKUPS <= now:
        memory.unknown_key_looked_up_at = now
        _remember_published(now)
    key = memory.public_keys.get(kid)
    return key.public_key if key is not None and key.is_valid else None


def _remember_published(now: int) -> None:
    memory.public_keys = {key.kid: key for key in _published()}
    memory.public_keys_read_at = now


def jwks() -> dict[str, Any]:
    """Give the public keys that count, as a JWK Set (RFC 7517, 5). Reads the table, so it also tells its health."""
    return {"keys": [key.jwk for key in _published()]}


# Rotation, as Secrets Manager asks for it: four steps, each of which may be asked for again ---------


def create(version: str) -> None:
    """Make a new private key and keep it as the secret's pending version."""
    if _read_secret(VersionId=version) is not None:
        return
    private_key = ec.generate_private_key(ec.SECP256R1())
    with translated_errors():
        secretsmanager().put_secret_value(
            SecretId=settings().signing_key_secret,
            ClientRequestToken=version,
            SecretString=json.dumps(_ECDSA.to_jwk(private_key, as_dict=True)),
            VersionStages=["AWSPENDING"],
        )


def publish(version: str) -> None:
    """Make the pending key's public half known, before anything is signed with it."""
    key = _pending(version)
    jwk = _ECDSA.to_jwk(key.private_key.public_key(), as_dict=True)
    item = {
        "use": _USE,
        "kid": version,
        "jwk": jwk | {"kid": version, "use": "sig", "alg": ALGORITHM},
        "createdAt": clock.now(),
    }
    # Never over a key that a finished rotation has given an end.
    when = Attr("kid").not_exists() | Attr("expiresAt").not_exists()
    write(Put(table=PUBLIC_KEYS, item=item, when=when))


def test(version: str) -> None:
    """Prove that what the pending key signs is verified by the public key that was published for it."""
    key = _pending(version)
    published = next((key for key in _published() if key.kid == version), None)
    if published is None:
        raise RotationError(
            f"The public key of version {version} is not published: the step setSecret has not been done"
        )
    jwt.decode(jwt.encode({}, key.private_key, ALGORITHM), published.public_key, [ALGORITHM])


def finish(version: str) -> None:
    """Make the pending key the one that signs, and give the public half of every other key an end.

    Every other: should an earlier rotation have stopped between these two, this one makes up for it. But not the one
    that is pending: asked for late, this must not end the key of the rotation that has begun since.

    Raises:
        RotationError: a later rotation has replaced this version already, and must not be undone.

    """
    _pending(version)
    with translated_errors():
        stages = secretsmanager().describe_secret(SecretId=settings().signing_key_secret)["VersionIdsToStages"]
        if not {"AWSPENDING", "AWSCURRENT"} & set(stages.get(version, ())):
            raise RotationError(f"Version {version} of the secret is neither pending nor current any more")
        current = next((other for other, labels in stages.items() if "AWSCURRENT" in labels), None)
        if current != version:
            secretsmanager().update_secret_version_stage(
                SecretId=settings().signing_key_secret,
                VersionStage="AWSCURRENT",
                MoveToVersionId=version,
                **({"RemoveFromVersionId": current} if current else {}),
            )
    end = clock.now() + _KEPT_AFTER_ROTATION
    for key in _published():
        is_pending = "AWSPENDING" in stages.get(key.kid, ())
        if key.kid != version and not is_pending and key.expires_at is None:
            write(Update(table=PUBLIC_KEYS, key={"use": _USE, "kid": key.kid}, set={"expiresAt": end}))


class RotationError(Exception):
    """A step cannot be done as things are; Secrets Manager reports it and asks again later."""


def _pending(version: str) -> SigningKey:
    key = _read_secret(VersionId=version)
    if key is None:
        raise RotationError(f"Version {version} of the secret holds no key: the step createSecret has not been done")
    return key


# Reading -------------------------------------------------------------------------------------------


def _published() -> list[PublicKey]:
    keys = map(PublicKey.from_item, PUBLIC_KEYS.query(Key("use").eq(_USE)))
    return [key for key in keys if key.is_valid]


def _read_secret(**which: str) -> SigningKey | None:
    """Read one version of the secret; None where there is no such version, or no key in it yet."""
    with translated_errors():
        try:
            answer = secretsmanager().get_secret_value(SecretId=settings().signing_key_secret, **which)
        except ClientError as error:
            if error_code(error) == "ResourceNotFoundException":
                return None
            raise
    try:
        private_key = _ECDSA.from_jwk(answer["SecretString"])
    except jwt.InvalidKeyError:
        return None
    return SigningKey(answer["VersionId"], private_key) if isinstance(private_key, ec.EllipticCurvePrivateKey) else None
