"""Access tokens: only those signed by us are accepted, in exactly one form, and until they expire."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.accounts import tokens
from shared.core import clock
from shared.core.errors import InvalidToken, TokenExpired
from shared.records import keys
from tests.support import ISSUER, faults
from tests.support.api import Api
from tests.support.aws import KEY_VERSION, rotate
from tests.support.faults import Wire

SUB = "11111111-1111-4111-8111-111111111111"
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": KEY_VERSION}

pytestmark = pytest.mark.usefixtures("fake_aws")


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a valid token with these changes. The value `...` removes a claim."""
    changed = {
        "iss": ISSUER,
        "aud": "lambda-api-routes",
        "sub": SUB,
        "sid": SUB,
        "gen": 1,
        "jti": "1",
        "iat": clock.now(),
        "exp": clock.now() + 3600,
        **changes,
    }
    return {name: value for name, value in changed.items() if value is not ...}


def signed(header: Any, payload: Any, key: keys.SigningKey | None = None) -> str:
    """Sign any header and payload, by default with our key. A string is used unchanged, anything else as JSON."""

    def part(value: Any) -> str:
        return b64((value if isinstance(value, str) else json.dumps(value)).encode())

    content = f"{part(header)}.{part(payload)}"
    signature = keys._ECDSA.sign(content.encode(), (key or keys.signing_key()).private_key)
    return f"{content}.{b64(signature)}"


def valid_token() -> str:
    return signed(HEADER, claims())


def test_valid_token_is_accepted() -> None:
    assert tokens.verify(valid_token()) == tokens.Claims(SUB, SUB, 1)


# Headers -------------------------------------------------------------------------------------------


def public_pem() -> bytes:
    return keys.signing_key().private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def hs256(key: bytes) -> str:
    content = f"{b64(json.dumps({**HEADER, 'alg': 'HS256'}).encode())}.{b64(json.dumps(claims()).encode())}"
    return f"{content}.{b64(hmac.digest(key, content.encode(), hashlib.sha256))}"


HEADERS: list[dict[str, Any]] = [
    {"alg": "none"}, {"alg": "None"}, {"alg": "HS256"}, {"alg": "ES384"}, {"alg": "es256"}, {"alg": ["ES256"]},
    {"alg": None},
    {"typ": "JWT"}, {"typ": "AT+JWT"}, {"typ": None}, {"typ": "application/at+jwt"},
    {"kid": "unknown"}, {"kid": ""}, {"kid": None}, {"kid": 1}, {"kid": [KEY_VERSION]}, {"kid": {"a": 1}},
    {"kid": KEY_VERSION + "\0"},
    {"crit": ["exp"], "exp": 1}, {"crit": []}, {"crit": None}, {"b64": False, "crit": ["b64"]},
]  # fmt: skip


@pytest.mark.parametrize("change", HEADERS, ids=str)
def test_token_with_another_header_is_invalid(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        tokens.verify(signed({**HEADER, **change}, claims()))


def test_unsigned_token_is_invalid() -> None:
    unsigned = b64(json.dumps({**HEADER, "alg": "none"}).encode()) + "." + b64(json.dumps(claims()).encode()) + "."
    for token in (unsigned, valid_token().rpartition(".")[0] + "."):
        with pytest.raises(InvalidToken):
            tokens.verify(token)


def test_hs256_token_signed_with_the_public_key_is_invalid() -> None:
    for key in (public_pem(), public_pem().strip(), json.dumps(keys.jwks()["keys"][0]).encode()):
        with pytest.raises(InvalidToken):
            tokens.verify(hs256(key))


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_key_in_the_header_is_ignored(name: str) -> None:
    other_key = ec.generate_private_key(ec.SECP256R1())
    value = {
        "jwk": keys._ECDSA.to_jwk(other_key.public_key(), as_dict=True),
        "jku": "https://eve.example.com/jwks.json",
        "x5u": "https://eve.example.com/cert.pem",
        "x5c": ["MII"],
    }[name]
    header = {"typ": "at+jwt", "kid": KEY_VERSION, name: value}
    with pytest.raises(InvalidToken):
        tokens.verify(jwt.encode(claims(), other_key, "ES256", headers=header))
    tokens.verify(signed({**HEADER, name: value}, claims()))


def test_another_services_key_is_rejected_under_any_id() -> None:
    other_key = ec.generate_private_key(ec.SECP256R1())
    for kid in (KEY_VERSION, "unknown"):
        with pytest.raises(InvalidToken):
            tokens.verify(jwt.encode(claims(), other_key, "ES256", headers={"typ": "at+jwt", "kid": kid}))


# Claims --------------------------------------------------------------------------------------------

INVALID_CLAIMS: list[dict[str, Any]] = [
    {"iss": "another"}, {"iss": None}, {"iss": [ISSUER]}, {"iss": ...}, {"iss": f"{ISSUER}/"},
    {"aud": "another"}, {"aud": ["lambda-api-routes"]}, {"aud": ["lambda-api-routes", "another"]}, {"aud": ...},
    {"aud": 1},
    {"sub": 1}, {"sub": [SUB]}, {"sub": ""}, {"sub": None}, {"sub": ...}, {"sub": {"a": 1}}, {"sub": True},
    {"sid": 1}, {"sid": [SUB]}, {"sid": ""}, {"sid": None}, {"sid": ...}, {"sid": {"S": "x"}},
    {"jti": 1}, {"jti": ...}, {"iat": ...}, {"iat": "now"}, {"iat": 2**40}, {"iat": None}, {"iat": []},
    {"exp": ...}, {"exp": "9999999999"}, {"exp": 9999999999.5}, {"exp": [9999999999]}, {"exp": {}}, {"exp": None},
    {"exp": True},
    {"exp": float("inf")}, {"exp": float("nan")}, {"nbf": 2**40}, {"nbf": "later"}, {"nbf": []},
]  # fmt: skip


@pytest.mark.parametrize("change", INVALID_CLAIMS, ids=str)
def test_token_with_an_invalid_claim_is_rejected(change: dict[str, Any]) -> None:
    with pytest.raises((InvalidToken, TokenExpired)):
        tokens.verify(signed(HEADER, claims(**change)))


@pytest.mark.parametrize("expiry", [2**53, 2**63, 2**200])
def test_token_that_expires_in_the_distant_future_is_accepted(expiry: int) -> None:
    tokens.verify(signed(HEADER, claims(exp=expiry)))


@pytest.mark.parametrize(
    "payload", ["[]", "null", "1", '"x"', "", "{", '{"a":' * 5000, "[" * 3000, '{"a": 1} x', "\ufeff{}"]
)
def test_payload_that_is_not_a_json_object_is_invalid(payload: str) -> None:
    with pytest.raises(InvalidToken):
        tokens.verify(signed(HEADER, payload))


@pytest.mark.parametrize("header", ["[]", "null", "1", '"x"', "", "{", "[" * 3000])
def test_header_that_is_not_a_json_object_is_invalid(header: str) -> None:
    with pytest.raises(InvalidToken):
        tokens.verify(signed(header, claims()))


def test_checked_one_of_duplicate_claims_is_used() -> None:
    duplicated = json.dumps(claims())[:-1] + f', "exp": {clock.now() - 10}}}'
    with pytest.raises(TokenExpired):
        tokens.verify(signed(HEADER, duplicated))
    duplicated = json.dumps(claims())[:-1] + ', "sub": "another"}'
    assert tokens.verify(signed(HEADER, duplicated)).user_id == "another"
    with pytest.raises(InvalidToken):
        tokens.verify(signed(json.dumps(HEADER)[:-1] + ', "alg": "none"}', claims()))


def test_token_is_valid_until_the_second_it_expires() -> None:
    with time_machine.travel(1_900_000_000, tick=False) as now:
        token = valid_token()
        now.shift(3599)
        tokens.verify(token)
        now.shift(1)
        with pytest.raises(TokenExpired):
            tokens.verify(token)
        now.shift(100)
        with pytest.raises(TokenExpired):
            tokens.verify(token)


def test_start_of_validity_tolerates_five_seconds_of_clock_skew() -> None:
    tokens.verify(signed(HEADER, claims(iat=clock.now() + 4, nbf=clock.now() + 4)))
    with pytest.raises(InvalidToken):
        tokens.verify(signed(HEADER, claims(nbf=clock.now() + 8)))


# Encoding ------------------------------------------------------------------------------------------


def flip_unused_bit(part: str) -> str:
    """Flip a bit of the last character that base64 ignores."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return part[:-1] + alphabet[alphabet.index(part[-1]) ^ 1]


ENCODINGS: dict[str, Callable[[str], str]] = {
    "padded token": lambda token: token + "==",
    "padded header": lambda token: token.replace(".", "=.", 1),
    "other unused bits": flip_unused_bit,
    "standard alphabet": lambda token: token.replace("-", "+").replace("_", "/") + "+",
    "space inside": lambda token: token[:20] + " " + token[20:],
    "trailing line break": lambda token: token + "\n",
    "four parts": lambda token: token + ".e30",
    "two parts": lambda token: token.rpartition(".")[0],
    "no dots": lambda token: token.replace(".", ""),
    "empty": lambda _: "",
    "only dots": lambda _: "..",
    "not ASCII": lambda token: "é" + token,
    "full-width": lambda token: token.replace("e", "\uff45"),
    "trailing NUL": lambda token: token + "\0",
    "altered signature": lambda token: token[:-10] + token[-10:].swapcase(),
    "signature of zeros": lambda token: token.rpartition(".")[0] + "." + b64(bytes(64)),
    "DER signature": lambda token: token.rpartition(".")[0] + "." + b64(b"0\x06\x02\x01\x01\x02\x01\x01"),
    "a megabyte long": lambda token: token + "A" * 2**20,
    "a megabyte of dots": lambda _: "." * 2**20,
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_token_in_another_encoding_is_invalid(encode: Callable[[str], str]) -> None:
    with pytest.raises(InvalidToken):
        tokens.verify(encode(valid_token()))


@pytest.mark.parametrize("name", ["iss", "sub", "sid", "exp"])
def test_changed_claim_invalidates_the_signature(name: str) -> None:
    header, _, signature = valid_token().split(".")
    changed = b64(json.dumps(claims(**{name: "x"})).encode())
    with pytest.raises(InvalidToken):
        tokens.verify(f"{header}.{changed}.{signature}")


# Keys ----------------------------------------------------------------------------------------------


def test_unknown_key_ids_cause_one_query_a_minute(wire: Wire) -> None:
    with time_machine.travel(1_900_000_000, tick=False) as now:
        keys.signing_key()  # also reads the public keys
        wire.reset()
        for number in range(50):
            with pytest.raises(InvalidToken):
                tokens.verify(signed({**HEADER, "kid": f"unknown-{number}"}, claims()))
        queries = wire.count("Query")
        assert queries <= 2  # one for the known keys, one for unknown ids
        now.shift(59)
        for number in range(50):
            with pytest.raises(InvalidToken):
                tokens.verify(signed({**HEADER, "kid": f"unknown-{number}"}, claims()))
        assert wire.count("Query") == queries
        now.shift(1)
        for number in range(50):
            with pytest.raises(InvalidToken):
                tokens.verify(signed({**HEADER, "kid": f"unknown-{number}"}, claims()))
        assert wire.count("Query") == queries + 1


def test_known_keys_are_read_every_five_minutes(wire: Wire) -> None:
    with time_machine.travel(1_900_000_000, tick=False) as now:
        token = signed(HEADER, claims(exp=2_000_000_000))
        wire.reset()
        for _ in range(10):
            tokens.verify(token)
            now.shift(100)
        assert wire.count("Query") == 4


def test_token_of_a_newly_published_key_is_accepted() -> None:
    tokens.verify(valid_token())
    kid = rotate("00000000-0000-4000-8000-00000000000b")
    tokens.verify(signed({**HEADER, "kid": kid}, claims(), keys._read_secret(VersionId=kid)))


def test_valid_token_gets_503_if_the_keys_cannot_be_read(wire: Wire, api: Api) -> None:
    token = valid_token()
    keys.memory.public_keys_read_at = 0
    wire.fail(faults.read_timeout, on="Query")
    assert api.with_token(token).get("/api/auth/me").status == 503
