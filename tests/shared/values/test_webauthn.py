"""The verification of passkeys, rule by rule. test_webauthn_mutations.py compares it with other implementations."""

import contextlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from shared.values import base64url, webauthn
from shared.values.webauthn import NewPasskey, Rejected, RelyingParty
from tests.support.authenticator import ALGORITHMS, EDDSA, ES256, RS256, Authenticator, cose_key, sign
from tests.support.cbor import Pairs, Raw, encode, shortest
from tests.support.verifiers import OTHERS, OURS, Json

ORIGIN = "https://www.example.com"
PARTY = RelyingParty("example.com", frozenset({ORIGIN, "android:apk-key-hash:abc"}))
CHALLENGE = bytes(range(32))
CREATION = {
    "rp": {"id": PARTY.id, "name": "Example"},
    "user": {"id": base64url.encode(b"user"), "name": "ada@example.com", "displayName": "Ada"},
    "challenge": base64url.encode(CHALLENGE),
    "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in ALGORITHMS],
}
REQUEST = {"challenge": base64url.encode(CHALLENGE), "rpId": PARTY.id, "userVerification": "required"}


def create(authenticator: Authenticator | None = None) -> dict[str, bytes]:
    """Make a passkey. Returns the parts of the response, which a test may replace, and the authenticator data."""
    credential = (authenticator or Authenticator()).create(CREATION, ORIGIN)
    names = {
        "client_data": "clientDataJSON",
        "attestation_object": "attestationObject",
        "data": "authenticatorData",
    }
    parts = {part: base64url.decode(credential["response"][name]) for part, name in names.items()}
    return parts | {"credential_id": base64url.decode(credential["rawId"])}


def get(authenticator: Authenticator, rp_id: str = PARTY.id) -> dict[str, bytes]:
    """Sign in with the newest passkey. Returns the parts of the response, and the public key."""
    response = authenticator.get(REQUEST | {"rpId": rp_id}, ORIGIN)["response"]
    names = {"client_data": "clientDataJSON", "authenticator_data": "authenticatorData", "signature": "signature"}
    parts = {part: base64url.decode(response[name]) for part, name in names.items()}
    return parts | {"public_key": encode(cose_key(authenticator.passkeys[-1].key))}


def register(**parts: bytes) -> NewPasskey:
    return webauthn.verify_registration(
        client_data=parts["client_data"],
        attestation_object=parts["attestation_object"],
        credential_id=parts["credential_id"],
        challenge=CHALLENGE,
        relying_party=PARTY,
    )


def authenticate(**parts: bytes) -> webauthn.Assertion:
    return webauthn.verify_assertion(
        client_data=parts["client_data"],
        authenticator_data=parts["authenticator_data"],
        signature=parts["signature"],
        public_key=parts["public_key"],
        challenge=CHALLENGE,
        relying_party=PARTY,
    )


def signed_in(authenticator: Authenticator | None = None) -> webauthn.Assertion:
    """Make a passkey with a usual authenticator, and sign in with it with this one."""
    usual, other = Authenticator(), authenticator or Authenticator()
    usual.create(CREATION, ORIGIN)
    other.passkeys = usual.passkeys
    return authenticate(**get(other))


def rejects(reason: str) -> Any:
    return pytest.raises(Rejected, match=reason)


def attested(data: bytes, statement: Any = None, kind: Any = "none") -> bytes:
    return encode({"fmt": kind, "attStmt": {} if statement is None else statement, "authData": data})


def with_key(key: Any) -> dict[str, bytes]:
    """Make a passkey, and replace its public key."""
    authenticator = Authenticator()
    parts = create(authenticator)
    before, _, _ = parts["data"].partition(encode(cose_key(authenticator.passkeys[0].key)))
    return parts | {"attestation_object": attested(before + encode(key))}


# --- What is accepted ---


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("attestation", ["none", "packed"])
def test_passkey_of_each_algorithm_is_registered_and_signs_in_with_all_verifiers(
    algorithm: int, attestation: str
) -> None:
    authenticator = Authenticator(algorithms=(algorithm,), attestation=attestation, counts=True)
    registration = authenticator.create(CREATION, ORIGIN)
    public_key = OURS.register(registration, CHALLENGE, PARTY)
    assert public_key == encode(cose_key(authenticator.passkeys[0].key))
    assertion = authenticator.get(REQUEST, ORIGIN)
    OURS.authenticate(assertion, CHALLENGE, public_key, PARTY)
    for other in OTHERS.values():
        assert other.register(registration, CHALLENGE, PARTY)
        other.authenticate(assertion, CHALLENGE, public_key, PARTY)


def test_registration_describes_the_passkey() -> None:
    aaguid = "08987058-cadc-4b81-b6e1-30de50dcbe96"
    authenticator = Authenticator(algorithms=(EDDSA,), aaguid=aaguid, backed_up=False)
    parts = create(authenticator)
    (passkey,) = authenticator.passkeys
    assert register(**parts) == NewPasskey(
        credential_id=passkey.id,
        public_key=encode(cose_key(passkey.key)),
        sign_count=0,
        aaguid=aaguid,
        backup_eligible=True,
        backed_up=False,
    )


def test_assertion_tells_counter_and_backup() -> None:
    authenticator = Authenticator(counts=True)
    create(authenticator)
    authenticator.passkeys[0].sign_count = 2**32 - 2
    assert authenticate(**get(authenticator)) == webauthn.Assertion(2**32 - 1, backup_eligible=True, backed_up=True)
    authenticator.counts = authenticator.backup_eligible = authenticator.backed_up = False
    assert authenticate(**get(authenticator)) == webauthn.Assertion(2**32 - 1, backup_eligible=False, backed_up=False)


def test_extensions_of_the_authenticator_are_accepted() -> None:
    authenticator = Authenticator(extensions={"credProtect": 2, "hmac-secret": True})
    assert register(**create(authenticator)).public_key == encode(cose_key(authenticator.passkeys[0].key))
    authenticate(**get(authenticator))


def test_unknown_members_of_the_client_data_are_ignored() -> None:
    signed_in(Authenticator(client_data={"other_keys_can_be_added_here": "do not compare", "future": {"a": [1]}}))


def test_reserved_flags_are_ignored() -> None:
    authenticator = Authenticator()
    parts = create(authenticator)
    data = bytearray(parts["data"])
    data[32] |= 0b0010_0010
    register(**parts | {"attestation_object": attested(bytes(data))})


def test_credential_id_has_up_to_1023_bytes() -> None:
    for length, is_valid in ((1, True), (1023, True), (0, False), (1024, False)):
        parts = create()
        data, credential_id = parts["data"], b"i" * length
        parts["attestation_object"] = attested(
            data[:53] + length.to_bytes(2) + credential_id + data[55 + len(parts["credential_id"]) :]
        )
        parts["credential_id"] = credential_id
        if is_valid:
            assert register(**parts).credential_id == credential_id
        else:
            with rejects("credential ID is missing or too long"):
                register(**parts)


# --- Client data ---


@pytest.mark.parametrize("changed", [b"", b"{}", b'{"challenge": 1}', b'{"challenge": "AA=="}', b'{"challenge": "AB"}'])
def test_challenge_is_base64url_in_its_canonical_form(changed: bytes) -> None:
    with rejects("no challenge|not JSON"):
        webauthn.challenge_of(changed)


def test_challenge_is_read_before_it_is_verified() -> None:
    assert webauthn.challenge_of(create()["client_data"]) == CHALLENGE


@pytest.mark.parametrize("kind", ["webauthn.get", "webauthn.Create", "payment.get", "", None, ["webauthn.create"]])
def test_registration_has_its_type(kind: object) -> None:
    with rejects("the type is not webauthn.create"):
        register(**create(Authenticator(client_data={"type": kind})))


@pytest.mark.parametrize("kind", ["webauthn.create", "webauthn.Get", "payment.get", "", None, ["webauthn.get"]])
def test_assertion_has_its_type(kind: object) -> None:
    with rejects("the type is not webauthn.get"):
        signed_in(Authenticator(client_data={"type": kind}))


@pytest.mark.parametrize("challenge", [CHALLENGE[:-1], CHALLENGE + b"\0", b"", bytes(32)])
def test_challenge_is_the_expected_one(challenge: bytes) -> None:
    changed = {"challenge": base64url.encode(challenge)}
    with rejects("the challenge is not the expected one"):
        register(**create(Authenticator(client_data=changed)))
    with rejects("the challenge is not the expected one"):
        signed_in(Authenticator(client_data=changed))


ORIGINS: list[object] = [
    "http://www.example.com",
    "https://example.com",
    "https://www.example.com/",
    "https://www.example.com:8443",
    "https://WWW.example.com",
    "https://www.example.com.evil.example",
    "android:apk-key-hash:ABC",
    "null",
    None,
    [ORIGIN],
    {},
]


@pytest.mark.parametrize("origin", ORIGINS)
def test_origin_is_exactly_one_of_ours(origin: object) -> None:
    with rejects("the origin is not one of ours"):
        register(**create(Authenticator(client_data={"origin": origin})))
    with rejects("the origin is not one of ours"):
        signed_in(Authenticator(client_data={"origin": origin}))


def test_app_is_an_origin_too() -> None:
    signed_in(Authenticator(client_data={"origin": "android:apk-key-hash:abc"}))


@pytest.mark.parametrize("changed", [{"crossOrigin": value} for value in (True, None, 0, "false")])
def test_page_in_a_frame_of_another_site_is_rejected(changed: dict[str, object]) -> None:
    for members in (changed, {"topOrigin": "https://evil.example"}, {"topOrigin": None}):
        with rejects("embedded in another site"):
            register(**create(Authenticator(client_data=members)))
        with rejects("embedded in another site"):
            signed_in(Authenticator(client_data=members))


@pytest.mark.parametrize("value", [{"status": "supported"}, {"status": "present", "id": "AA"}, {}, "unused", None])
def test_token_binding_is_rejected(value: object) -> None:
    with rejects("token binding"):
        signed_in(Authenticator(client_data={"tokenBinding": value}))


def test_client_data_without_cross_origin_is_accepted() -> None:
    parts = create()
    members = json.loads(parts["client_data"])
    del members["crossOrigin"]
    register(**parts | {"client_data": json.dumps(members).encode()})


VALID = create()["client_data"]
NOT_JSON = {
    "empty": b"",
    "truncated": VALID[:-1],
    "trailing": VALID + b"x",
    "mark": b"\xef\xbb\xbf" + VALID,
    "utf-16": VALID.decode().encode("utf-16"),
    "utf-32": VALID.decode().encode("utf-32-le"),
    "latin-1": VALID[:-1] + b',"a":"\xfc"}',
    "surrogate": VALID[:-1] + b',"a":"\xed\xa0\x80"}',
    "repeated": VALID[:-1] + b',"origin":"https://www.example.com"}',
    "repeated in an escape": VALID[:-1] + b',"\\u006frigin":"https://evil.example"}',
    "repeated inside": VALID[:-1] + b',"a":{"b":1,"b":2}}',
    "constant": VALID[:-1] + b',"a":NaN}',
    "infinity": VALID[:-1] + b',"a":-Infinity}',
    "number": VALID[:-1] + b',"a":' + b"1" * 4096 + b"}",
    "list": b"[" + VALID + b"]",
    "string": b'"webauthn.create"',
    "long": VALID + b" " * (4097 - len(VALID)),
}


@pytest.mark.parametrize("data", NOT_JSON.values(), ids=NOT_JSON)
def test_client_data_is_one_small_json_object_in_utf_8(data: bytes) -> None:
    with rejects("not JSON|not a JSON object|too long"):
        register(**create() | {"client_data": data})
    with rejects("not JSON|not a JSON object|too long"):
        webauthn.challenge_of(data)


def test_deeply_nested_client_data_is_no_other_error() -> None:
    """Python 3.11 raises RecursionError, and later versions read it."""
    with contextlib.suppress(Rejected):
        register(**create() | {"client_data": VALID[:-1] + b',"a":' + b"[" * 1500 + b"]" * 1500 + b"}"})


def test_client_data_has_up_to_4096_bytes() -> None:
    register(**create() | {"client_data": VALID + b" " * (4096 - len(VALID))})


# --- Authenticator data ---


def test_passkey_is_for_our_site() -> None:
    parts = create()
    data = bytearray(parts["data"])
    data[0] ^= 1
    with rejects("for another site"):
        register(**parts | {"attestation_object": attested(bytes(data))})
    authenticator = Authenticator()
    create(authenticator)
    authenticator.passkeys[0].rp_id = "www.example.com"
    with rejects("for another site"):
        authenticate(**get(authenticator, "www.example.com"))


@pytest.mark.parametrize(("present", "verified"), [(False, True), (True, False), (False, False)])
def test_user_is_present_and_verified(*, present: bool, verified: bool) -> None:
    with rejects("not present, or not verified"):
        register(**create(Authenticator(user_present=present, user_verified=verified)))
    with rejects("not present, or not verified"):
        signed_in(Authenticator(user_present=present, user_verified=verified))


def test_backup_without_eligibility_is_rejected() -> None:
    with rejects("without being eligible"):
        register(**create(Authenticator(backup_eligible=False)))
    with rejects("without being eligible"):
        signed_in(Authenticator(backup_eligible=False))


def test_registration_has_credential_data() -> None:
    parts = create()
    data = parts["data"]
    without = data[:32] + bytes([data[32] & ~64]) + data[33:37]
    with rejects("credential data is missing"):
        register(**parts | {"attestation_object": attested(without)})
    for length in (0, 1, 15, 17, 18, 40, len(data) - 38, len(data) - 37 - 1):
        with rejects("truncated|missing"):
            register(**parts | {"attestation_object": attested(data[: 37 + length])})


def test_assertion_has_no_credential_data() -> None:
    authenticator = Authenticator()
    data = create(authenticator)["data"]
    parts = get(authenticator) | {"authenticator_data": data}
    parts["signature"] = sign(authenticator.passkeys[0].key, data, parts["client_data"])
    with rejects("credential data is missing or unexpected"):
        authenticate(**parts)


@pytest.mark.parametrize("length", [0, 1, 32, 36])
def test_authenticator_data_is_not_truncated(length: int) -> None:
    authenticator = Authenticator()
    create(authenticator)
    parts = get(authenticator)
    parts["authenticator_data"] = parts["authenticator_data"][:length]
    parts["signature"] = sign(authenticator.passkeys[0].key, parts["authenticator_data"], parts["client_data"])
    with rejects("truncated"):
        authenticate(**parts)


@pytest.mark.parametrize(
    ("extensions", "flag", "reason"),
    [
        (b"\0", 0, "the authenticator data is too long"),
        (b"\xa0", 0, "the authenticator data is too long"),
        (b"\xa0\0", 128, "the authenticator data is too long"),
        (b"", 128, "truncated"),
        (b"\x80", 128, "not a map"),
        (b"\xf6", 128, "not a map"),
        (b"\xbf\xff", 128, "indefinite"),
        (b"\xa2\x61a\x00\x61a\x00", 128, "repeated"),
    ],
)
def test_only_a_map_of_extensions_may_follow(extensions: bytes, flag: int, reason: str) -> None:
    authenticator = Authenticator()
    registration, key = create(authenticator), authenticator.passkeys[0].key
    data = registration["data"]
    data = data[:32] + bytes([data[32] | flag]) + data[33:] + extensions
    with rejects(reason):
        register(**registration | {"attestation_object": attested(data)})
    parts = get(authenticator)
    data = parts["authenticator_data"]
    data = data[:32] + bytes([data[32] | flag]) + data[33:] + extensions
    with rejects(reason):
        authenticate(**parts | {"authenticator_data": data, "signature": sign(key, data, parts["client_data"])})


# --- Attestation ---


def test_credential_id_is_the_attested_one() -> None:
    with rejects("not the attested one"):
        register(**create() | {"credential_id": b"another"})


def test_attestation_object_has_its_three_members() -> None:
    parts = create()
    data = parts["data"]
    whole = {"fmt": "none", "attStmt": {}, "authData": data}
    for changed in (
        *({name: value for name, value in whole.items() if name != missing} for missing in whole),
        whole | {"epAtt": False},
        whole | {"fmt": 1},
        whole | {"attStmt": []},
        whole | {"authData": "text"},
        [data],
    ):
        with rejects("does not consist of"):
            register(**parts | {"attestation_object": encode(changed)})
    with rejects("bytes after"):
        register(**parts | {"attestation_object": encode(whole) + b"\0"})
    with rejects("repeated"):
        register(**parts | {"attestation_object": encode(Pairs([*whole.items(), ("fmt", "none")]))})


def test_members_may_have_any_order() -> None:
    parts = create()
    reordered = {"authData": parts["data"], "attStmt": {}, "fmt": "none"}
    register(**parts | {"attestation_object": encode(reordered)})


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        ("none", {"sig": b""}),
        ("None", {}),
        ("", {}),
        ("packed", {}),
        ("packed", {"alg": ES256, "sig": b"", "x5c": [b"certificate"]}),
        ("packed", {"alg": EDDSA, "sig": b""}),
        ("packed", {"alg": ES256, "sig": ""}),
        ("fido-u2f", {"sig": b"", "x5c": [b"certificate"]}),
        ("apple", {"x5c": [b"certificate"]}),
        ("android-key", {"alg": ES256, "sig": b"", "x5c": [b"certificate"]}),
        ("tpm", {"ver": "2.0"}),
    ],
)
def test_other_attestation_is_rejected(kind: str, statement: Json) -> None:
    parts = create()
    changed = attested(parts["data"], statement, kind)
    with rejects("neither empty nor a signature with the passkey"):
        register(**parts | {"attestation_object": changed})


def test_self_attestation_is_verified() -> None:
    authenticator, other = Authenticator(), Authenticator()
    parts = create(authenticator)
    create(other)
    data = parts["data"]
    signature = sign(other.passkeys[0].key, data, parts["client_data"])
    with rejects("signature is invalid"):
        register(**parts | {"attestation_object": attested(data, {"alg": ES256, "sig": signature}, "packed")})
    signature = sign(authenticator.passkeys[0].key, data, parts["client_data"])
    register(**parts | {"attestation_object": attested(data, {"alg": ES256, "sig": signature}, "packed")})


# --- Public keys ---

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
# From the definition of a small order: a point times the order of the large subgroup.
LARGE_ORDER = 2**252 + 27742317777372353535851937790883648493


def added(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """Add two points of Ed25519 (RFC 8032, 5.1.4, in affine coordinates)."""
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2
    return (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P


def times(factor: int, point: tuple[int, int]) -> tuple[int, int]:
    result = (0, 1)
    for bit in f"{factor:b}":
        result = added(result, result)
        result = added(result, point) if bit == "1" else result
    return result


def point_of(y: int) -> tuple[int, int] | None:
    """Return a point with this y, if there is one (RFC 8032, 5.1.3)."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    for candidate in (x, x * pow(2, (P - 1) // 4, P) % P):
        if candidate * candidate % P == square:
            return candidate, y
    return None


def small_orders() -> set[tuple[int, int]]:
    points = filter(None, map(point_of, range(2, 40)))
    found = {times(LARGE_ORDER, point) for point in points}
    return {added(one, other) for one in found for other in found}


def compressed(point: tuple[int, int]) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


SMALL = sorted(small_orders())


@pytest.mark.parametrize("point", SMALL)
def test_point_of_small_order_is_rejected(point: tuple[int, int]) -> None:
    assert len(SMALL) == 8
    assert times(8, point) == (0, 1)
    for y in (point[1], *({point[1] + P} if point[1] + P < 2**255 else ())):
        for sign_bit in (0, 2**255):
            with rejects("weak"):
                register(**with_key({1: 1, 3: EDDSA, -1: 6, -2: (y | sign_bit).to_bytes(32, "little")}))


def test_one_signature_with_a_point_of_small_order_fits_every_message() -> None:
    """Which is why such points are rejected: the libraries accept this one, of the neutral point."""
    neutral = compressed((0, 1))
    parts = with_key({1: 1, 3: EDDSA, -1: 6, -2: neutral})
    public_key = encode({1: 1, 3: EDDSA, -1: 6, -2: neutral})
    authenticator = Authenticator()
    create(authenticator)
    assertion = authenticator.get(REQUEST, ORIGIN)
    assertion["response"]["signature"] = base64url.encode(neutral + bytes(32))
    for other in OTHERS.values():
        other.authenticate(assertion, CHALLENGE, public_key, PARTY)
    with rejects("weak"):
        OURS.authenticate(assertion, CHALLENGE, public_key, PARTY)
    with rejects("weak"):
        register(**parts)


def test_number_that_is_no_point_of_ed25519_is_rejected() -> None:
    numbers = [y for y in range(2, 60) if point_of(y) is None]
    assert len(numbers) > 10
    for y in (*numbers, P + 3, 2**255 - 1):
        with rejects("weak"):
            register(**with_key({1: 1, 3: EDDSA, -1: 6, -2: y.to_bytes(32, "little")}))


def test_other_points_of_ed25519_are_accepted() -> None:
    for y in range(2, 40):
        if point_of(y) is not None:
            register(**with_key({1: 1, 3: EDDSA, -1: 6, -2: y.to_bytes(32, "little")}))


EC: dict[int, Any] = cose_key(ec.generate_private_key(ec.SECP256R1()))
OKP: dict[int, Any] = {1: 1, 3: EDDSA, -1: 6, -2: compressed(times(12345, (point_of(4 * pow(5, -1, P) % P) or (0, 1))))}
RSA: dict[int, Any] = {1: 3, 3: RS256, -1: b"\x80" + b"\x01" * 255, -2: b"\x01\x00\x01"}


@pytest.mark.parametrize("key", [EC, OKP, RSA, RSA | {-1: b"\x80" + b"\x01" * 511}])
def test_key_may_have_its_parameters_in_any_order(key: dict[int, Any]) -> None:
    for parameters in (key, dict(reversed(key.items()))):
        assert register(**with_key(parameters)).public_key == encode(parameters)


WRONG_PARAMETERS = [
    *({label: value for label, value in key.items() if label != missing} for key in (EC, OKP, RSA) for missing in key),
    *(key | {2: b"kid"} for key in (EC, OKP, RSA)),
    *(key | {4: 2} for key in (EC, OKP, RSA)),
    # Another type or algorithm, or another curve.
    *(key | {1: kind} for key in (EC, OKP, RSA) for kind in (0, 1, 2, 3, 4) if key[1] != kind),
    *(
        key | {3: algorithm}
        for key in (EC, OKP, RSA)
        for algorithm in (*ALGORITHMS, -35, -37, -65535)
        if key[3] != algorithm
    ),
    *(EC | {-1: curve} for curve in (0, 2, 3, 6, 8)),
    *(OKP | {-1: curve} for curve in (0, 1, 4, 5, 7)),
    # Lengths.
    EC | {-2: b"\0" + EC[-2]},
    EC | {-3: EC[-3][1:]},
    EC | {-3: b""},
    OKP | {-2: OKP[-2] + b"\0"},
    OKP | {-2: OKP[-2][1:]},
    {"1": 2},
]
WRONG_TYPES = [
    OKP | {1: True},
    EC | {-1: True},
    # The sign of y instead of y: a compressed point.
    EC | {-3: True},
    EC | {-2: "x" * 32},
    EC | {-2: [1]},
    RSA | {-2: None},
    [1],
    b"key",
    None,
]
WEAK = [
    EC | {-2: bytes(32)},
    EC | {-3: bytes(32)},
    EC | {-2: bytes(32), -3: bytes(32)},
    EC | {-2: b"\xff" * 32},
    EC | {-3: (int.from_bytes(EC[-3]) ^ 1).to_bytes(32)},
    # The modulus.
    *(RSA | {-1: b"\x80" + b"\x01" * (size - 1)} for size in (0, 1, 128, 255, 513, 4096)),
    RSA | {-1: b""},
    RSA | {-1: b"\x7f" + b"\x01" * 255},
    RSA | {-1: b"\x01" * 513},
    RSA | {-1: b"\0\x80" + b"\x01" * 255},
    RSA | {-1: b"\0" + b"\x81" * 255},
    RSA | {-1: b"\x80" * 256},
    # The exponent.
    *(RSA | {-2: exponent} for exponent in (b"\x01", b"\x03", b"\x00\x01\x00\x01", b"\x01\x00\x00", b"\x01" * 33, b"")),
]


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        *((key, "of another kind, or has other parameters") for key in WRONG_PARAMETERS),
        *((key, "not a COSE key") for key in WRONG_TYPES),
        *((key, "weak, or not a key of its algorithm") for key in WEAK),
    ],
)
def test_wrong_key_is_rejected(key: Any, reason: str) -> None:
    with rejects(reason):
        register(**with_key(key))
    authenticator = Authenticator()
    create(authenticator)
    with rejects(reason):
        authenticate(**get(authenticator) | {"public_key": encode(key)})


def test_stored_key_is_one_value() -> None:
    authenticator = Authenticator()
    create(authenticator)
    parts = get(authenticator)
    with rejects("bytes after"):
        authenticate(**parts | {"public_key": parts["public_key"] + b"\0"})
    with rejects("repeated"):
        key = Pairs([*cose_key(authenticator.passkeys[0].key).items(), (3, ES256)])
        authenticate(**parts | {"public_key": encode(key)})


def test_key_is_the_shortest_cbor() -> None:
    def longer(major: int, argument: int) -> bytes:
        return shortest(major, argument) if argument > 23 else bytes([major << 5 | 24, argument])

    with rejects("longer than necessary"):
        register(**with_key(Raw(encode(EC, longer))))


# --- Signatures ---


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_signature_is_of_both_parts_and_with_this_passkey(algorithm: int) -> None:
    authenticator = Authenticator(algorithms=(algorithm,))
    create(authenticator)
    parts, key = get(authenticator), authenticator.passkeys[0].key
    authenticate(**parts)
    other = Authenticator(algorithms=(algorithm,))
    create(other)
    while cose_key(other.passkeys[-1].key) == cose_key(key):
        create(other)
    longer = parts["client_data"][:-1] + b" }"
    for changed in (
        {"signature": b""},
        {"signature": parts["signature"][:-1]},
        {"signature": parts["signature"] + b"\0"},
        {"signature": bytes(len(parts["signature"]))},
        {"signature": sign(other.passkeys[-1].key, parts["authenticator_data"], parts["client_data"])},
        {"public_key": encode(cose_key(other.passkeys[-1].key))},
        {"client_data": longer},
        {"authenticator_data": parts["authenticator_data"][:-1] + b"\x09"},
    ):
        with rejects("signature is invalid"):
            authenticate(**parts | changed)
    authenticate(**parts | {"client_data": longer, "signature": sign(key, parts["authenticator_data"], longer)})
