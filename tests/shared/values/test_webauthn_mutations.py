"""Passkeys, and responses with mistakes, compared with two libraries: what we accept, each of them accepts.

A mutation is made before the response is signed, so that it gets past the signature, or changes the bytes of a part
afterwards. `MUTATIONS` is the number of responses (`make thorough`: 100,000).
"""

import json
import os
import random
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from shared.values import base64url
from shared.values.webauthn import Rejected, RelyingParty
from tests.support.authenticator import ALGORITHMS, EDDSA, ES256, RS256, PrivateKey, cose_key, new_key, sign
from tests.support.cbor import Head, Pairs, Raw, encode, shortest
from tests.support.verifiers import OTHERS, OURS, Json, Verifier

MUTATIONS = int(os.environ.get("MUTATIONS", "3000"))
ORIGIN = "https://example.com"
PARTY = RelyingParty("example.com", frozenset({ORIGIN, "https://www.example.com", "android:apk-key-hash:abc"}))
CHALLENGE = bytes(range(32))
SITE = bytes.fromhex("a379a6f6eeafb9a55e378c118034e2751e682fab9f2d30ab13d2125586ce1947")
UP, UV, BE, BS, AT, ED = 1, 4, 8, 16, 64, 128
# The order of Ed25519 and of P-256: a signature's number may be replaced by another one that means the same.
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Random(random.Random):
    """Random choices of mistakes."""

    def flipped(self, data: bytes) -> bytes:
        """Change a bit."""
        position = self.randrange(8 * len(data) or 1)
        return (int.from_bytes(data) ^ 1 << position).to_bytes(max(1, len(data)))

    def damaged(self, data: bytes) -> bytes:
        """Flip, cut off, insert, repeat or replace bytes."""
        start = self.randrange(len(data) + 1)
        end = min(len(data), start + self.choice([1, 1, 2, 8, 32]))
        choices: list[bytes] = [
            self.flipped(data),
            data[:start],
            data[start:],
            data[:start] + data[end:],
            data[:end] + data[start:],
            data[:start] + self.randbytes(end - start) + data[end:],
            data[:start] + self.randbytes(1) + data[start:],
            data + self.randbytes(self.choice([1, 2, 37])),
            b"",
        ]
        return self.choice(choices)

    def head(self) -> Head:
        """Return a way to write the heads of CBOR: sometimes longer than necessary, indefinite or another type."""
        rate = self.choice([0.02, 0.1, 0.5])

        def write(major: int, argument: int) -> bytes:
            if self.random() > rate:
                return shortest(major, argument)
            marker, width = self.choice([(24, 1), (25, 2), (26, 4), (27, 8), (31, 0)])
            if self.random() < 0.1:
                major = self.randrange(8)
            return bytes([major << 5 | marker]) + (argument & (1 << 8 * width) - 1).to_bytes(width)

        return write

    def item(self) -> Any:
        """Return any item of CBOR."""
        items: list[Callable[[], object]] = [
            lambda: self.choice([True, False, None, 0, 1, 2, 3, -1, -7, -8, -257, 2**32, -(2**64)]),
            lambda: self.randbytes(self.choice([0, 1, 3, 32, 33, 256])),
            lambda: self.choice(["", "none", "packed", "sig", "x" * 32]),
            lambda: self.choice([[], {}, [1, [2]], {"a": {"b": {"c": [0]}}}, {1: 2, 3: -7}, [[[[[]]]]]]),
            # A float, a tag, `undefined`, indefinite lengths, a simple value, and a map with both 1 and true.
            lambda: Raw(
                bytes.fromhex(self.choice(["f93c00", "c100", "f7", "9fff", "5f4100ff", "bfff", "e0", "a20100f500"]))
            ),
        ]
        return self.choice(items)()


@dataclass
class Draft:
    """A response before it is signed, and the mistakes to make afterwards. A registration has `attests`."""

    random: Random
    attests: bool
    algorithm: int
    key: PrivateKey
    client_data: list[tuple[str, Any]]
    text: Callable[[str], bytes] = str.encode
    site: bytes = SITE
    flags: int = UP | UV | BE | BS
    count: int = 0
    aaguid: bytes = bytes(16)
    credential_id: bytes = b"credential"
    length: int | None = None
    raw_id: bytes = b"credential"
    public_key: Any = None
    extensions: Any = None
    tail: bytes = b""
    kind: Any = "none"
    statement: Any = field(default_factory=dict)
    attestation: Callable[[list[tuple[str, Any]]], list[tuple[str, Any]]] = list
    head: Head = shortest
    signature: Callable[[bytes], bytes] = bytes
    part: tuple[str, Callable[[bytes], bytes]] = ("", bytes)

    def credential(self) -> tuple[Json, bytes]:
        """Return the JSON of the browser, and the public key."""
        pairs = ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in self.client_data)
        client_data = self.text(f"{{{pairs}}}")
        # Whatever has odd heads has them in every part.
        public_key = encode(self.public_key, self.head)
        data = struct.pack(">32sBI", self.site, self.flags, self.count)
        if self.flags & AT:
            length = len(self.credential_id) if self.length is None else self.length
            data += self.aaguid + struct.pack(">H", length) + self.credential_id + public_key
        if self.flags & ED or self.extensions is not None:
            data += encode({} if self.extensions is None else self.extensions, self.head)
        data += self.tail
        signature = self.signature(sign(self.key, data, client_data))
        parts = {"clientDataJSON": client_data, "authenticatorData": data, "signature": signature}
        if self.attests:
            statement = self.statement
            if self.kind == "packed" and statement == {}:
                statement = {"alg": self.algorithm, "sig": signature}
            members = self.attestation([("fmt", self.kind), ("attStmt", statement), ("authData", data)])
            parts = {"clientDataJSON": client_data, "attestationObject": encode(Pairs(members), self.head)}
        name, damage = self.part
        response = {each: base64url.encode(damage(part) if each == name else part) for each, part in parts.items()}
        ids = {"id": base64url.encode(self.raw_id), "rawId": base64url.encode(self.raw_id)}
        return {**ids, "type": "public-key", "response": response, "clientExtensionResults": {}}, public_key


@cache
def keys(algorithm: int) -> list[PrivateKey]:
    """Return the keys, which are the same in each run, except RSA's."""
    match algorithm:
        case -7:
            return [ec.derive_private_key(number, ec.SECP256R1()) for number in (1, 12345)]
        case -8:
            return [ed25519.Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2)]
        case _:
            return [new_key(RS256)]


def draft(rng: Random) -> Draft:
    """Return a response without mistakes."""
    attests, algorithm = rng.random() < 0.5, rng.choice([ES256, ES256, EDDSA, EDDSA, RS256])
    key = rng.choice(keys(algorithm))
    client_data = [
        ("type", "webauthn.create" if attests else "webauthn.get"),
        ("challenge", base64url.encode(CHALLENGE)),
        ("origin", ORIGIN),
        ("crossOrigin", False),
    ]
    made = Draft(rng, attests, algorithm, key, client_data, public_key=cose_key(key))
    if attests:
        made.flags |= AT
        made.kind = rng.choice(["none", "packed"])
    if rng.random() < 0.2:
        made.flags |= ED
        made.extensions = {"credProtect": 2}
    return made


# --- Mistakes ---


def client_data_member(made: Draft) -> None:
    rng, challenge = made.random, base64url.encode(CHALLENGE)
    choices: list[tuple[str, list[Any]]] = [
        ("type", ["webauthn.get", "webauthn.create", "webauthn.Get", "", None, 1, ["webauthn.get"]]),
        ("challenge", [challenge + "=", challenge + "==", challenge + "\n", challenge[:-1], challenge[:-1] + "9"]),
        ("challenge", ["", "AA", None, 7, challenge.replace("A", "a"), challenge + "AAAA", f"+{challenge}", "ü"]),
        ("origin", ["https://www.example.com", "android:apk-key-hash:abc", "http://example.com", ORIGIN + "/"]),
        ("origin", ["https://evil.example", "", None, [ORIGIN], {"a": 1}, ORIGIN.upper(), "https://EXAMPLE.com"]),
        ("crossOrigin", [True, None, 0, 1, "false", [], {}]),
        ("topOrigin", [ORIGIN, "https://evil.example", None]),
        (
            "tokenBinding",
            [{"status": "supported"}, {"status": "present", "id": "x"}, {}, "unused", None, {"id": 1}],
        ),
        ("other", [None, 1, 1.5, "x", [[]], {"a": {}}, "\ud800", "\u2028", 10**30, "x" * 5000]),
    ]
    name, values = rng.choice(choices)
    pairs = [pair for pair in made.client_data if pair[0] != name or rng.random() < 0.2]
    pairs.insert(rng.randrange(len(pairs) + 1), (name, rng.choice(values)))
    made.client_data = pairs


def client_data_members(made: Draft) -> None:
    """Leave one out, repeat one, or change their order."""
    rng, pairs = made.random, made.client_data
    position = rng.randrange(len(pairs))
    made.client_data = rng.choice(
        [pairs[:position] + pairs[position + 1 :], [*pairs, pairs[position]], rng.sample(pairs, len(pairs))]
    )


def client_data_text(made: Draft) -> None:
    """Write the same JSON otherwise, or something close to JSON."""
    rng = made.random
    changes: list[Callable[[str], bytes]] = [
        lambda text: json.dumps(json.loads(text), indent=2).encode(),
        lambda text: f" \r\n\t{text}\n".encode(),
        lambda text: text.replace("webauthn", "\\u0077ebauthn").encode(),
        lambda text: text.replace("/", "\\/").encode(),
        lambda text: text.replace('"origin"', '"\\u006frigin"').encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode(rng.choice(["utf-16", "utf-16-le", "utf-32-be", "utf-7"])),
        lambda text: text[:-1].encode() + b',"a":"\xff"}',
        lambda text: (
            text[:-1].encode() + rng.choice([b',"a":NaN}', b',"a":1e999}', b',"a":-Infinity}', b",}", b',"a":01}'])
        ),
        lambda text: (text[:-1] + ',"a":' + "[" * 900 + "]" * 900 + "}").encode(),
        lambda text: (text + " " * rng.choice([3000, 4096, 70_000])).encode(),
        lambda text: f"[{text}]".encode(),
        lambda text: text.encode() + rng.choice([b"\0", b"x", b"}", b" {}"]),
        lambda text: rng.damaged(text.encode()),
    ]
    made.text = rng.choice(changes)


def site(made: Draft) -> None:
    made.site = made.random.choice([bytes(32), made.random.flipped(SITE), SITE[::-1]])


def flags(made: Draft) -> None:
    made.flags ^= made.random.choice([1, 2, 4, 8, 16, 32, 64, 128, made.random.randrange(256)])


def count(made: Draft) -> None:
    made.count = made.random.choice([1, 2**31, 2**32 - 1])


def aaguid(made: Draft) -> None:
    made.aaguid = made.random.choice([made.random.randbytes(16), b"", bytes(15), bytes(17)])


def credential_id(made: Draft) -> None:
    rng = made.random
    made.credential_id = rng.randbytes(rng.choice([0, 1, 64, 1023, 1024, 4000]))
    made.raw_id = rng.choice([made.credential_id, made.credential_id, b"credential", b"other"])
    made.length = rng.choice([None, None, None, 0, 1, 64, 65535])


def raw_id(made: Draft) -> None:
    made.raw_id = made.random.choice([b"", b"other", made.random.flipped(made.raw_id)])


def key_parameter(made: Draft) -> None:
    """Leave a parameter out, change it, or add one."""
    rng = made.random
    pairs: list[tuple[Any, Any]] = list(cose_key(made.key).items())
    position = rng.randrange(len(pairs))
    label, value = pairs[position]
    close = rng.flipped(value) if isinstance(value, bytes) else value + rng.choice([-1, 1])
    other = rng.damaged(value) if isinstance(value, bytes) else rng.choice([1, 2, 3, 6, -7, -8, -257, True])
    added = (rng.choice([0, 2, 4, 5, -4, -5, "1", b"1", None, True]), rng.item())
    made.public_key = Pairs(
        rng.choice(
            [
                pairs[:position] + pairs[position + 1 :],
                [*pairs, (label, value)],
                [(label, rng.choice([close, other, value])), *pairs],
                [*pairs, added],
                *(
                    [*pairs[:position], (label, changed), *pairs[position + 1 :]]
                    for changed in (close, other, rng.item())
                ),
                rng.sample(pairs, len(pairs)),
            ]
        )
    )


def key_value(made: Draft) -> None:
    """Use a key that is weak, of another kind, or none."""
    rng = made.random
    ec2, okp, rs = (cose_key(rng.choice(keys(algorithm))) for algorithm in ALGORITHMS)
    point = [0, 1, 2, 2**255 - 20, 2**255 - 19, 2**255 - 18, 2**255 - 1, 2**255, 2**255 + 1, 2**256 - 1]
    modulus = rs[-1]
    assert isinstance(modulus, bytes)
    made.public_key = rng.choice(
        [
            ec2 | {-2: rng.choice([bytes(32), b"\xff" * 32, rng.randbytes(32)])},
            ec2 | {-1: rng.choice([2, 3, 8]), 3: rng.choice([-7, -35, -36, -47])},
            # Compressed, and as older security keys have it.
            ec2 | {-3: rng.choice([True, False])},
            Raw(b"\x04" + rng.randbytes(64)),
            okp | {-2: rng.choice(point).to_bytes(32, "little")},
            okp | {-2: rng.randbytes(32)},
            okp | {-1: rng.choice([4, 5, 7]), 3: rng.choice([-8, -19, -53])},
            rs | {-2: rng.choice([b"\x01", b"\x02", b"\x03", b"\x00\x01\x00\x01", b"\x01" * 300, b""])},
            rs | {-1: rng.choice([modulus[1:], b"\0" + modulus, modulus[:128], modulus * 3, b"\x01", b""])},
            rs | {3: rng.choice([-37, -38, -258, -259, -65535])},
            {1: "OKP", 3: -8, -1: "Ed25519"},
            rng.choice([ec2, okp, rs]),
            rng.item(),
        ]
    )


def extensions(made: Draft) -> None:
    made.flags |= ED
    made.extensions = made.random.choice(
        [{}, {"credProtect": 1}, {"a": b"x", "b": [1, {"c": True}]}, Pairs([("a", 1), ("a", 2)]), made.random.item()]
    )


def tail(made: Draft) -> None:
    made.tail = made.random.choice([b"\0", b"\xa0", b"\xf6", made.random.randbytes(37)])


def attestation_kind(made: Draft) -> None:
    made.kind = made.random.choice(
        ["none", "packed", "fido-u2f", "apple", "tpm", "android-key", "android-safetynet", "compound", "", None, 1]
    )


def attestation_statement(made: Draft) -> None:
    rng = made.random
    signature = rng.choice([b"", b"\0" * 64, rng.randbytes(70)])
    made.statement = rng.choice(
        [
            {"alg": made.algorithm, "sig": signature},
            {"alg": rng.choice([-7, -8, -257, -37]), "sig": signature},
            {"alg": made.algorithm},
            {"sig": signature},
            {"alg": made.algorithm, "sig": signature, "x5c": rng.choice([[], [b""], [b"certificate"], None])},
            {"ecdaaKeyId": b""},
            {"future": 1},
            rng.item(),
        ]
    )


def attestation_members(made: Draft) -> None:
    rng = made.random

    def changed(members: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
        position = rng.randrange(3)
        return rng.choice(
            [
                members[::-1],
                members[:position] + members[position + 1 :],
                [*members, members[position]],
                [*members, (rng.choice(["epAtt", "largeBlobKey", "x"]), rng.item())],
                [(name, rng.item() if each == position else value) for each, (name, value) in enumerate(members)],
            ]
        )

    made.attestation = changed


def heads(made: Draft) -> None:
    made.head = made.random.head()


def signing_key(made: Draft) -> None:
    made.key = made.random.choice(keys(made.random.choice(ALGORITHMS)))


def signature(made: Draft) -> None:
    """Change the signature, also into another one that is mathematically the same."""
    rng = made.random

    def negated(value: bytes) -> bytes:
        """Replace s of ECDSA by -s, which is valid too."""
        r, s = decode_dss_signature(value)
        return encode_dss_signature(r, P256_ORDER - s)

    def enlarged(value: bytes) -> bytes:
        """Add the order to S of EdDSA, which is invalid (RFC 8032, 5.1.7)."""
        number = int.from_bytes(value[32:], "little") + ED25519_ORDER
        return value[:32] + (number % 2**256).to_bytes(32, "little")

    changes: list[Callable[[bytes], bytes]] = [
        rng.damaged,
        lambda value: value + b"\0",
        lambda value: b"\0" + value,
        lambda value: bytes(len(value)),
        lambda _: b"",
        # The signature that is valid with a neutral point as the key.
        lambda _: (1).to_bytes(32, "little") + bytes(32),
    ]
    if isinstance(made.key, ec.EllipticCurvePrivateKey):
        changes += [negated, negated]
    elif isinstance(made.key, ed25519.Ed25519PrivateKey):
        changes.append(enlarged)
    made.signature = rng.choice(changes)


def part(made: Draft) -> None:
    """Damage a part after it was signed."""
    names = (
        ["clientDataJSON", "attestationObject"]
        if made.attests
        else ["clientDataJSON", "authenticatorData", "signature"]
    )
    made.part = (made.random.choice(names), made.random.choice([made.random.flipped, made.random.damaged]))


MISTAKES: list[Callable[[Draft], None]] = [
    *(client_data_member, client_data_members, client_data_text, site, flags, count, aaguid, credential_id, raw_id),
    *(key_parameter, key_parameter, key_value, key_value, extensions, tail, attestation_kind, attestation_statement),
    *(attestation_members, heads, heads, signing_key, signature, part, part),
]


# --- The comparison ---


@dataclass
class Comparison:
    """How many mutated responses each verifier accepts, and why ours rejects the others."""

    accepted: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    # Those that others accept and we reject, by the reason.
    stricter: Counter[tuple[str, str]] = field(default_factory=Counter)


Response: TypeAlias = tuple[bool, Json, bytes]


def mutated(rng: Random) -> Response:
    made = draft(rng)
    # In the order of the list, because some depend on the key.
    for mistake in sorted(rng.sample(MISTAKES, rng.choice([1, 1, 1, 2, 2, 3])), key=MISTAKES.index):
        mistake(made)
    return made.attests, *made.credential()


def verify(verifier: Verifier, response: Response) -> None:
    attests, credential, public_key = response
    if attests:
        verifier.register(credential, CHALLENGE, PARTY)
    else:
        verifier.authenticate(credential, CHALLENGE, public_key, PARTY)


def accepts(verifier: Verifier, response: Response) -> bool:
    try:
        verify(verifier, response)
    except Exception:  # noqa: BLE001  # the libraries raise many
        return False
    return True


def compare(mutations: int, seed: int = 1) -> Comparison:
    """Verify mutated responses with all three. Fails for one that we accept and another one rejects."""
    rng, found = Random(seed), Comparison()
    for number in range(mutations):
        response = mutated(rng)
        others = {name: accepts(other, response) for name, other in OTHERS.items()}
        found.accepted.update(name for name, accepted in others.items() if accepted)
        try:
            # Raises nothing but Rejected.
            verify(OURS, response)
        except Rejected as reason:
            found.reasons[str(reason)] += 1
            found.stricter.update((name, str(reason)) for name, accepted in others.items() if accepted)
            continue
        found.accepted["ours"] += 1
        assert all(others.values()), f"only we accept number {number}: {others}, {response}"
    return found


def test_response_without_mistakes_is_accepted_by_all() -> None:
    rng = Random(1)
    for _ in range(200):
        made = draft(rng)
        response = (made.attests, *made.credential())
        verify(OURS, response)
        for other in OTHERS.values():
            verify(other, response)


def test_what_we_accept_other_verifiers_accept() -> None:
    found = compare(MUTATIONS)
    # Some mistakes are none, such as another order of keys. Without them, the comparison would prove nothing.
    assert found.accepted["ours"] > MUTATIONS / 50
    # Mutations reach all rules.
    assert len(found.reasons) > 25
