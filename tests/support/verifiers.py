"""Three verifiers of passkeys: ours, and those of two libraries to compare it with.

Each takes the JSON of a browser. `register` returns the public key as a COSE key. An invalid response raises.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import webauthn as py_webauthn
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.webauthn import (
    Aaguid,
    AttestationConveyancePreference,
    AttestedCredentialData,
    PublicKeyCredentialRpEntity,
    UserVerificationRequirement,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier

from shared.values import base64url, webauthn
from shared.values.webauthn import RelyingParty

Json: TypeAlias = dict[str, Any]


class Verifier(NamedTuple):
    """The two ceremonies. A response comes with the challenge, and an assertion with the public key."""

    register: Callable[[Json, bytes, RelyingParty], bytes]
    authenticate: Callable[[Json, bytes, bytes, RelyingParty], object]


def _register_ours(credential: Json, challenge: bytes, relying_party: RelyingParty) -> bytes:
    return webauthn.verify_registration(
        client_data=base64url.decode(credential["response"]["clientDataJSON"]),
        attestation_object=base64url.decode(credential["response"]["attestationObject"]),
        credential_id=base64url.decode(credential["rawId"]),
        challenge=challenge,
        relying_party=relying_party,
    ).public_key


def _authenticate_ours(
    credential: Json, challenge: bytes, public_key: bytes, relying_party: RelyingParty
) -> webauthn.Assertion:
    return webauthn.verify_assertion(
        client_data=base64url.decode(credential["response"]["clientDataJSON"]),
        authenticator_data=base64url.decode(credential["response"]["authenticatorData"]),
        signature=base64url.decode(credential["response"]["signature"]),
        public_key=public_key,
        challenge=challenge,
        relying_party=relying_party,
    )


@cache
def _server(relying_party: RelyingParty) -> Fido2Server:
    entity = PublicKeyCredentialRpEntity(id=relying_party.id, name="Test")
    return Fido2Server(entity, AttestationConveyancePreference.NONE, relying_party.origins.__contains__)


def _state(challenge: bytes) -> Json:
    return {"challenge": base64url.encode(challenge), "user_verification": UserVerificationRequirement.REQUIRED}


def _register_fido2(credential: Json, challenge: bytes, relying_party: RelyingParty) -> bytes:
    found = _server(relying_party).register_complete(_state(challenge), credential).credential_data
    assert found is not None
    assert found.public_key.ALGORITHM in webauthn.ALGORITHMS
    return cbor.encode(found.public_key)


def _authenticate_fido2(credential: Json, challenge: bytes, public_key: bytes, relying_party: RelyingParty) -> object:
    key = CoseKey.parse(cbor.decode(public_key))  # type: ignore[arg-type]  # of any value, raises for other than maps
    stored = AttestedCredentialData.create(Aaguid.NONE, base64url.decode(credential["rawId"]), key)
    return _server(relying_party).authenticate_complete(_state(challenge), [stored], credential)


def _register_webauthn(credential: Json, challenge: bytes, relying_party: RelyingParty) -> bytes:
    return py_webauthn.verify_registration_response(
        credential=credential,
        expected_challenge=challenge,
        expected_rp_id=relying_party.id,
        expected_origin=list(relying_party.origins),
        require_user_verification=True,
        supported_pub_key_algs=[COSEAlgorithmIdentifier(each) for each in webauthn.ALGORITHMS],
    ).credential_public_key


def _authenticate_webauthn(
    credential: Json, challenge: bytes, public_key: bytes, relying_party: RelyingParty
) -> object:
    return py_webauthn.verify_authentication_response(
        credential=credential,
        expected_challenge=challenge,
        expected_rp_id=relying_party.id,
        expected_origin=list(relying_party.origins),
        credential_public_key=public_key,
        # The policy for counters is the caller's.
        credential_current_sign_count=0,
        require_user_verification=True,
    )


OURS = Verifier(_register_ours, _authenticate_ours)
OTHERS = {
    "fido2": Verifier(_register_fido2, _authenticate_fido2),
    "webauthn": Verifier(_register_webauthn, _authenticate_webauthn),
}
