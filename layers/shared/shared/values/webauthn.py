"""Passkeys: verify the responses of authenticators (WebAuthn Level 3, 7.1 and 7.2).

A registration brings the public key of a new passkey; an assertion is a signature with the passkey. A response has two
parts. `clientDataJSON`, written by the browser, has our challenge and the page's origin. The authenticator data has the
site that the passkey is for, and whether the user was present and verified, by a PIN or biometrics.

Threats. A phishing page forwards our challenge to a victim: the browser reports the page's origin, and authenticators
use a passkey only for its own site. Another site shows our page in a frame to steal a click: `crossOrigin`. A response
is replayed, or used in the other ceremony: challenge and `type`. A stolen security key is used without its PIN: user
verification is always required. A caller registers a key with which anyone can sign, or sends data that two decoders
read differently: keys are validated, and each part has one valid encoding. `clientDataJSON` may have unknown members,
because browsers add some (5.8.1).

The caller verifies what depends on stored data: that the challenge is ours and unused, that the signature counter grows
(7.2, step 22), that backup eligibility has not changed, and that the passkey belongs to the account.
"""

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from shared.values import base64url, cbor

# Identifiers of algorithms (RFC 9053, 2; RFC 8812, 2), in the order in which options offer them.
ES256, EDDSA, RS256 = -7, -8, -257
ALGORITHMS = (ES256, EDDSA, RS256)

_MAX_CLIENT_DATA = 4096
_MAX_CREDENTIAL_ID = 1023
# The flags (6.1). The other two bits are reserved, and ignored.
_USER_PRESENT, _USER_VERIFIED, _BACKUP_ELIGIBLE, _BACKED_UP, _ATTESTED, _EXTENSIONS = 1, 4, 8, 16, 64, 128
# The lengths of the site's hash, flags and counter, and of the AAGUID and the length of the credential ID (6.1, 6.5.1).
_FIXED, _AAGUID_AND_LENGTH = 37, 18
_COORDINATE = 32
_RSA_BITS = range(2048, 4097)
_RSA_EXPONENT = 65537
# The field of Ed25519, and the constant d of its curve (RFC 8032, 5.1).
_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P


class Rejected(ValueError):
    """The response is invalid. The message says why; it is for the log only."""


class RelyingParty(NamedTuple):
    """Our site: the domain that passkeys are for, and the origins of its pages, such as https://example.com."""

    id: str
    origins: frozenset[str]


class NewPasskey(NamedTuple):
    """A registered passkey. `public_key` is the COSE key (RFC 9052, 7), exactly as received.

    `aaguid` names the model of the authenticator, without proof. Only a `backup_eligible` passkey can be synced.
    """

    credential_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: str
    backup_eligible: bool
    backed_up: bool


class Assertion(NamedTuple):
    """The data of a valid assertion. `sign_count` stays 0 if the authenticator does not count."""

    sign_count: int
    backup_eligible: bool
    backed_up: bool


class _AuthenticatorData(NamedTuple):
    flags: int
    sign_count: int
    aaguid: str = ""
    credential_id: bytes = b""
    public_key: bytes = b""


class _Key(NamedTuple):
    """A public key. `verify` takes a signature and the signed data, and raises InvalidSignature."""

    algorithm: int
    verify: Callable[[bytes, bytes], None]


def challenge_of(client_data: bytes) -> bytes:
    """Return the challenge in `clientDataJSON`, which is not verified yet.

    Raises:
        Rejected: the client data is invalid, or has no challenge.

    """
    return _challenge(_client_data(client_data))


def verify_registration(
    *,
    client_data: bytes,
    attestation_object: bytes,
    credential_id: bytes,
    challenge: bytes,
    relying_party: RelyingParty,
) -> NewPasskey:
    """Verify the response to `navigator.credentials.create()` (7.1), whose `rawId` is the credential ID.

    Raises:
        Rejected: the response is invalid.

    """
    _check_client_data(client_data, "webauthn.create", challenge, relying_party)
    attestation, _ = _decoded(attestation_object, whole=True)
    match attestation:
        case {"fmt": str(kind), "attStmt": dict(statement), "authData": bytes(signed), **others} if not others:
            found = _authenticator_data(signed, relying_party, attested=True)
        case _:
            raise Rejected("the attestation object does not consist of fmt, attStmt and authData")
    if found.credential_id != credential_id:
        raise Rejected("the credential ID is not the attested one")
    key = _key(found.public_key)
    # We request no attestation, because we accept every model. Then the browser sends "none", unless the authenticator
    # has signed with the passkey itself ("packed" without a certificate; 5.1.3). Other formats are rejected, not
    # ignored: unverified data would be accepted here that other verifiers reject.
    match kind, statement:
        case "none", {} if not statement:
            pass
        case "packed", {"alg": key.algorithm, "sig": bytes(signature), **others} if not others:
            _check_signature(key, signature, signed, client_data)
        case _:
            raise Rejected("the attestation statement is neither empty nor a signature with the passkey")
    return NewPasskey(
        credential_id=credential_id,
        public_key=found.public_key,
        sign_count=found.sign_count,
        aaguid=found.aaguid,
        backup_eligible=bool(found.flags & _BACKUP_ELIGIBLE),
        backed_up=bool(found.flags & _BACKED_UP),
    )


def verify_assertion(  # noqa: PLR0913  # three parts of the response, and what they are compared with
    *,
    client_data: bytes,
    authenticator_data: bytes,
    signature: bytes,
    public_key: bytes,
    challenge: bytes,
    relying_party: RelyingParty,
) -> Assertion:
    """Verify the response to `navigator.credentials.get()` (7.2) with the stored public key.

    Raises:
        Rejected: the response is invalid.

    """
    _check_client_data(client_data, "webauthn.get", challenge, relying_party)
    found = _authenticator_data(authenticator_data, relying_party, attested=False)
    _check_signature(_key(public_key), signature, authenticator_data, client_data)
    return Assertion(
        sign_count=found.sign_count,
        backup_eligible=bool(found.flags & _BACKUP_ELIGIBLE),
        backed_up=bool(found.flags & _BACKED_UP),
    )


def _client_data(client_data: bytes) -> dict[str, Any]:
    """Return the members of `clientDataJSON` (5.8.1)."""
    if len(client_data) > _MAX_CLIENT_DATA:
        raise Rejected("the client data is too long")
    try:
        # Given bytes, `json` would also accept UTF-16 and UTF-32.
        members = json.loads(client_data.decode(), object_pairs_hook=_unrepeated, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Rejected("the client data is not JSON") from error
    if not isinstance(members, dict):
        raise Rejected("the client data is not a JSON object")
    return members


def _challenge(members: dict[str, Any]) -> bytes:
    try:
        return base64url.decode(members["challenge"])
    except (KeyError, TypeError, ValueError) as error:
        raise Rejected("the client data has no challenge") from error


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name is repeated")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _check_client_data(client_data: bytes, kind: str, challenge: bytes, relying_party: RelyingParty) -> None:
    members = _client_data(client_data)
    if members.get("type") != kind:
        raise Rejected(f"the type is not {kind}")
    if not hmac.compare_digest(_challenge(members), challenge):
        raise Rejected("the challenge is not the expected one")
    origin = members.get("origin")
    if not isinstance(origin, str) or origin not in relying_party.origins:
        raise Rejected("the origin is not one of ours")
    if members.get("crossOrigin", False) is not False or "topOrigin" in members:
        raise Rejected("the page was embedded in another site")
    # Level 3 has removed it, browsers do not send it, and we could not verify it.
    if "tokenBinding" in members:
        raise Rejected("the client data has a token binding")


def _authenticator_data(data: bytes, relying_party: RelyingParty, *, attested: bool) -> _AuthenticatorData:
    """Verify and return the authenticator data (6.1), which has a new credential if and only if it is `attested`."""
    if len(data) < _FIXED:
        raise Rejected("the authenticator data is truncated")
    flags = data[32]
    if data[:32] != hashlib.sha256(relying_party.id.encode()).digest():
        raise Rejected("the passkey is for another site")
    if not flags & _USER_PRESENT or not flags & _USER_VERIFIED:
        raise Rejected("the user was not present, or not verified")
    if flags & _BACKED_UP and not flags & _BACKUP_ELIGIBLE:
        raise Rejected("the passkey is backed up without being eligible for it")
    if bool(flags & _ATTESTED) is not attested:
        raise Rejected("the credential data is missing or unexpected")
    found, rest = _AuthenticatorData(flags, int.from_bytes(data[33:_FIXED])), data[_FIXED:]
    if attested:
        found, rest = _attested(found, rest)
    if flags & _EXTENSIONS:
        extensions, rest = _decoded(rest)
        if not isinstance(extensions, dict):
            raise Rejected("the extensions are not a map")
    if rest:
        raise Rejected("the authenticator data is too long")
    return found


def _attested(found: _AuthenticatorData, data: bytes) -> tuple[_AuthenticatorData, bytes]:
    """Add the attested credential data (6.5.1), and return the bytes after it."""
    length = int.from_bytes(data[16:_AAGUID_AND_LENGTH])
    credential_id, rest = data[_AAGUID_AND_LENGTH:][:length], data[_AAGUID_AND_LENGTH + length :]
    if not 1 <= length <= _MAX_CREDENTIAL_ID:
        raise Rejected("the credential ID is missing or too long")
    _, after = _decoded(rest)
    return found._replace(
        aaguid=str(uuid.UUID(bytes=data[:16])),
        credential_id=credential_id,
        public_key=rest[: len(rest) - len(after)],
    ), after


def _decoded(data: bytes, *, whole: bool = False) -> tuple[cbor.Value, bytes]:
    try:
        return (cbor.decode(data), b"") if whole else cbor.decode_first(data)
    except ValueError as error:
        raise Rejected(str(error)) from error


def _key(cose: bytes) -> _Key:
    """Return a COSE key (RFC 9053, 7; RFC 8230, 4). It must have the parameters of its algorithm and no others."""
    parameters, _ = _decoded(cose, whole=True)
    # Below, True would match 1.
    if not isinstance(parameters, dict) or any(type(value) not in {int, bytes} for value in parameters.values()):
        raise Rejected("the public key is not a COSE key")
    try:
        match len(parameters), parameters:
            case 5, {1: 2, 3: -7, -1: 1, -2: bytes(x), -3: bytes(y)} if len(x) == len(y) == _COORDINATE:
                return _es256(x, y)
            case 4, {1: 1, 3: -8, -1: 6, -2: bytes(x)} if len(x) == _COORDINATE:
                return _eddsa(x)
            case 4, {1: 3, 3: -257, -1: bytes(n), -2: bytes(e)}:
                return _rs256(n, e)
    except ValueError as error:
        raise Rejected("the public key is weak, or not a key of its algorithm") from error
    raise Rejected("the public key is of another kind, or has other parameters")


def _es256(x: bytes, y: bytes) -> _Key:
    # Raises ValueError for a point that is not on the curve.
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + x + y)
    return _Key(ES256, lambda signature, data: key.verify(signature, data, ec.ECDSA(hashes.SHA256())))


def _eddsa(x: bytes) -> _Key:
    # The highest bit is the sign of the other coordinate.
    y = int.from_bytes(x, "little") % 2**255
    # On the curve, y² - 1 = x² (d y² + 1), so the product of the two is a square. Small orders are 1, 2 (y is 1 or -1),
    # 4 (y is 0) and 8 (y is a root of d y⁴ + 2 y² - 1): one signature with such a key is valid for all messages.
    is_on_curve = pow((y * y - 1) * (_D * y * y + 1), (_P - 1) // 2, _P) in {0, 1}
    is_of_small_order = y * (y * y - 1) * (_D * y**4 + 2 * y * y - 1) % _P == 0
    if y >= _P or not is_on_curve or is_of_small_order:
        raise ValueError("not a canonical point of large order")
    return _Key(EDDSA, ed25519.Ed25519PublicKey.from_public_bytes(x).verify)


def _rs256(n: bytes, e: bytes) -> _Key:
    modulus = int.from_bytes(n)
    if modulus.bit_length() not in _RSA_BITS or n[0] == 0 or modulus % 2 == 0:
        raise ValueError("a modulus that is too short or too long, starts with a zero byte, or is even")
    # All authenticators use this exponent. Small ones are weak, and large ones slow.
    if e != _RSA_EXPONENT.to_bytes(3):
        raise ValueError("another exponent")
    key = rsa.RSAPublicNumbers(_RSA_EXPONENT, modulus).public_key()
    return _Key(RS256, lambda signature, data: key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256()))


def _check_signature(key: _Key, signature: bytes, authenticator_data: bytes, client_data: bytes) -> None:
    """Verify the signature of the authenticator data and the hash of the client data."""
    try:
        key.verify(signature, authenticator_data + hashlib.sha256(client_data).digest())
    except InvalidSignature as error:
        raise Rejected("the signature is invalid") from error
