"""An authenticator and its browser, in software: creates and uses passkeys as `navigator.credentials` does.

    authenticator = Authenticator()
    registration = authenticator.create(options, origin)   # POST it to register the passkey
    assertion = authenticator.get(options, origin)         # POST it to sign in

`options` are the server's JSON (PublicKeyCredentialCreationOptionsJSON and PublicKeyCredentialRequestOptionsJSON of
WebAuthn Level 3), and the results are those of `toJSON()` in a browser. Properties can be changed at any time:
`authenticator.user_verified = False`.
"""

import hashlib
import json
import secrets
import struct
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.values import base64url
from tests.support import cbor

PrivateKey: TypeAlias = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
ES256, EDDSA, RS256 = -7, -8, -257
ALGORITHMS = (ES256, EDDSA, RS256)
# Google Password Manager.
SYNCED = "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4"


class Refused(Exception):
    """The browser's promise is rejected. The message starts with the name of the DOMException."""


@dataclass
class Passkey:
    """A credential. `user_handle` is the `user.id` of the options."""

    rp_id: str
    user_handle: bytes
    key: PrivateKey
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    sign_count: int = 0


@dataclass
class Authenticator:
    """An authenticator. By default its passkeys are synced and do not count signatures."""

    algorithms: tuple[int, ...] = ALGORITHMS
    aaguid: str = SYNCED
    user_present: bool = True
    user_verified: bool = True
    backup_eligible: bool = True
    backed_up: bool = True
    counts: bool = False
    # Whether passkeys are discoverable: found without `allowCredentials`.
    resident_keys: bool = True
    # "none", or "packed" for a signature with the passkey itself.
    attestation: str = "none"
    extensions: dict[str, Any] | None = None
    # Added to clientDataJSON.
    client_data: dict[str, Any] = field(default_factory=dict)
    passkeys: list[Passkey] = field(default_factory=list)

    def clone(self) -> "Authenticator":
        """Return a copy with the same passkeys, whose counters go on separately."""
        return replace(self, passkeys=[replace(passkey) for passkey in self.passkeys])

    def create(self, options: Mapping[str, Any], origin: str) -> dict[str, Any]:
        """Make a passkey. Returns the RegistrationResponseJSON."""
        rp_id = _rp_id(options["rp"].get("id"), origin)
        excluded = [base64url.decode(each["id"]) for each in options.get("excludeCredentials", [])]
        if any(passkey.id in excluded and passkey.rp_id == rp_id for passkey in self.passkeys):
            raise Refused("InvalidStateError: the authenticator has a passkey of this account")
        wanted = [each["alg"] for each in options["pubKeyCredParams"] if each["type"] == "public-key"]
        algorithm = next((each for each in wanted if each in self.algorithms), None)
        if algorithm is None:
            raise Refused("NotSupportedError: no algorithm of the options")
        passkey = Passkey(rp_id, base64url.decode(options["user"]["id"]), new_key(algorithm))
        self.passkeys.append(passkey)
        client_data = self._client_data("webauthn.create", options["challenge"], origin)
        public_key = cbor.encode(cose_key(passkey.key))
        attested = uuid.UUID(self.aaguid).bytes + struct.pack(">H", len(passkey.id)) + passkey.id + public_key
        data = self._authenticator_data(passkey, attested)
        statement: dict[str, Any] = {}
        if self.attestation == "packed":
            statement = {"alg": algorithm, "sig": sign(passkey.key, data, client_data)}
        attestation = cbor.encode({"fmt": self.attestation, "attStmt": statement, "authData": data})
        spki = passkey.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        response = {
            "clientDataJSON": base64url.encode(client_data),
            "authenticatorData": base64url.encode(data),
            "attestationObject": base64url.encode(attestation),
            "transports": ["hybrid", "internal"],
            "publicKey": base64url.encode(spki),
            "publicKeyAlgorithm": algorithm,
        }
        asked = options.get("extensions", {})
        results = {"credProps": {"rk": self.resident_keys}} if asked.get("credProps") else {}
        return self._credential(passkey, response, results)

    def get(self, options: Mapping[str, Any], origin: str) -> dict[str, Any]:
        """Use the newest suitable passkey. Returns the AuthenticationResponseJSON."""
        passkey = next(self._suitable(options, _rp_id(options.get("rpId"), origin)), None)
        if passkey is None:
            raise Refused("NotAllowedError: no passkey for this site")
        if self.counts:
            passkey.sign_count += 1
        client_data = self._client_data("webauthn.get", options["challenge"], origin)
        data = self._authenticator_data(passkey)
        response = {
            "clientDataJSON": base64url.encode(client_data),
            "authenticatorData": base64url.encode(data),
            "signature": base64url.encode(sign(passkey.key, data, client_data)),
            **({"userHandle": base64url.encode(passkey.user_handle)} if self.resident_keys else {}),
        }
        return self._credential(passkey, response, {})

    def _suitable(self, options: Mapping[str, Any], rp_id: str) -> Iterator[Passkey]:
        allowed = [base64url.decode(each["id"]) for each in options.get("allowCredentials", [])]
        for passkey in reversed(self.passkeys):
            if passkey.rp_id == rp_id and (passkey.id in allowed if allowed else self.resident_keys):
                yield passkey

    def _client_data(self, kind: str, challenge: str, origin: str) -> bytes:
        members = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False, **self.client_data}
        return json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()

    def _authenticator_data(self, passkey: Passkey, attested: bytes = b"") -> bytes:
        flags = self.user_present | self.user_verified << 2 | self.backup_eligible << 3 | self.backed_up << 4
        flags |= bool(attested) << 6 | (self.extensions is not None) << 7
        fixed = struct.pack(">32sBI", hashlib.sha256(passkey.rp_id.encode()).digest(), flags, passkey.sign_count)
        return fixed + attested + (b"" if self.extensions is None else cbor.encode(self.extensions))

    def _credential(self, passkey: Passkey, response: dict[str, Any], results: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": base64url.encode(passkey.id),
            "rawId": base64url.encode(passkey.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "response": response,
            "clientExtensionResults": results,
        }


def new_key(algorithm: int) -> PrivateKey:
    """Create a private key. There are only two for RSA, because they are slow to create."""
    match algorithm:
        case -7:
            return ec.generate_private_key(ec.SECP256R1())
        case -8:
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            return _rsa_key(secrets.randbelow(2))


def cose_key(key: PrivateKey) -> dict[int, int | bytes]:
    """Return the public half of a key as the parameters of a COSE key."""
    match key:
        case ec.EllipticCurvePrivateKey():
            point = key.public_key().public_numbers()
            return {1: 2, 3: ES256, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        case ed25519.Ed25519PrivateKey():
            return {1: 1, 3: EDDSA, -1: 6, -2: key.public_key().public_bytes_raw()}
        case _:
            numbers = key.public_key().public_numbers()
            return {1: 3, 3: RS256, -1: numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8), -2: b"\x01\x00\x01"}


def sign(key: PrivateKey, authenticator_data: bytes, client_data: bytes) -> bytes:
    """Sign both parts of a response."""
    signed = authenticator_data + hashlib.sha256(client_data).digest()
    match key:
        case ec.EllipticCurvePrivateKey():
            return key.sign(signed, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        case ed25519.Ed25519PrivateKey():
            return key.sign(signed)
        case _:
            return key.sign(signed, padding.PKCS1v15(), hashes.SHA256())


@cache
def _rsa_key(_number: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _rp_id(wanted: str | None, origin: str) -> str:
    """Return the site that a page may use (5.1.3, step 8): its domain, or one that it is below."""
    host = urlsplit(origin).hostname or ""
    rp_id = wanted or host
    if host != rp_id and not host.endswith(f".{rp_id}"):
        raise Refused(f"SecurityError: {origin} is not below {rp_id}")
    return rp_id
