"""Codes of authenticator apps: the vectors of RFC 4226 and RFC 6238, and pyotp as a second implementation."""

import base64
import hashlib
import secrets
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values import totp

# The secret of RFC 4226, appendix D, and RFC 6238, appendix B.
SECRET = b"12345678901234567890"
NOW = 1_800_000_000
SECRETS = st.binary(min_size=16, max_size=32)
# From the fourth step to the year 9999, the last that pyotp knows.
TIMES = st.integers(min_value=120, max_value=253_402_300_000)


@pytest.mark.parametrize(
    ("counter", "code"),
    list(
        enumerate(
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"],
        )
    ),
)
def test_vectors_of_rfc_4226(counter: int, code: str) -> None:
    assert totp.code(SECRET, counter) == code


@pytest.mark.parametrize(
    ("time", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_vectors_of_rfc_6238(time: int, code: str) -> None:
    """They have eight digits. The last six are those of the same number."""
    assert totp.step_of(SECRET, code[-6:], time) == time // totp.PERIOD


@given(SECRETS, TIMES)
def test_codes_are_those_of_pyotp(secret: bytes, time: int) -> None:
    other = pyotp.TOTP(totp.text_of(secret))
    assert totp.code(secret, time // totp.PERIOD) == other.at(time)


@given(SECRETS, TIMES, st.integers(min_value=-3, max_value=3))
def test_one_step_either_way_is_accepted_as_by_pyotp(secret: bytes, time: int, steps: int) -> None:
    code = totp.code(secret, time // totp.PERIOD + steps)
    accepted = totp.step_of(secret, code, time) is not None
    assert accepted == pyotp.TOTP(totp.text_of(secret)).verify(code, for_time=time, valid_window=1)
    assert accepted or abs(steps) > 1


def test_latest_of_several_steps_with_one_code_is_used() -> None:
    """Otherwise the code could be sent again for the later one."""
    # The first secret of this form that has one code in both steps.
    secret = hashlib.sha256((3_556_609).to_bytes(4, "big")).digest()
    step = NOW // totp.PERIOD
    assert totp.code(secret, step) == totp.code(secret, step - 1)
    assert totp.step_of(secret, totp.code(secret, step), NOW) == step


@pytest.mark.parametrize("text", ["", "12345", "1234567", "abcdef", "\u0661\u0662\u0663\u0664\u0665\u0666"])
def test_other_texts_are_no_codes(text: str) -> None:
    assert totp.step_of(SECRET, text, NOW) is None


def test_secrets_are_random_and_have_160_bits() -> None:
    assert len({totp.new_secret() for _ in range(100)}) == 100
    assert len(totp.new_secret()) == 20


@pytest.mark.parametrize("issuer", ["Acme", "Acme & Co: the best", "\u00c4\u00f6?=/"])
@pytest.mark.parametrize("account", ["ada@example.com", "o'hara+x%20@b\u00fccher.example"])
def test_uri_is_read_by_pyotp(issuer: str, account: str) -> None:
    secret = secrets.token_bytes(20)
    uri = totp.uri(secret, issuer=issuer, account=account)
    read = pyotp.parse_uri(uri)
    assert isinstance(read, pyotp.TOTP)
    assert read.secret == base64.b32encode(secret).decode()
    assert read.name == account
    assert read.issuer == issuer.replace(":", " ")
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path).startswith(f"/{read.issuer}:")
    assert "+" not in parse_qs(parts.query)["issuer"][0]
