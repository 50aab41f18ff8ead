"""CBOR from authenticators."""

import pytest

from shared.values import cbor
from tests.support.cbor import encode

# Appendix A of RFC 8949, as far as authenticators use it.
EXAMPLES = {
    "00": 0,
    "17": 23,
    "1818": 24,
    "18ff": 255,
    "190100": 256,
    "1903e8": 1000,
    "1a00010000": 65536,
    "1a000f4240": 1000000,
    "1b0000000100000000": 2**32,
    "1bffffffffffffffff": 2**64 - 1,
    "20": -1,
    "3863": -100,
    "3903e7": -1000,
    "3bffffffffffffffff": -(2**64),
    "f4": False,
    "f5": True,
    "f6": None,
    "40": b"",
    "4401020304": b"\1\2\3\4",
    "60": "",
    "62c3bc": "ü",
    "80": [],
    "8301820203820405": [1, [2, 3], [4, 5]],
    "a0": {},
    "a201020304": {1: 2, 3: 4},
    "a26161016162820203": {"a": 1, "b": [2, 3]},
    "a220010001": {-1: 1, 0: 1},
}


@pytest.mark.parametrize(("encoded", "value"), EXAMPLES.items())
def test_value_is_read_and_has_one_encoding(encoded: str, value: object) -> None:
    data = bytes.fromhex(encoded)
    assert cbor.decode(data) == value
    assert encode(value) == data
    assert cbor.decode_first(data + b"more") == (value, b"more")


@pytest.mark.parametrize(
    ("encoded", "reason"),
    {
        "": "truncated",
        "18": "truncated",
        "1900": "truncated",
        "42": "truncated",
        "4201": "truncated",
        "6261": "truncated",
        "8201": "truncated",
        "a101": "truncated",
        "5bffffffffffffffff": "truncated",
        "9bffffffffffffffff": "truncated",
        "bbffffffffffffffff": "truncated",
        "0000": "bytes after",
        "a0f6": "bytes after",
        "1817": "longer than necessary",
        "1900ff": "longer than necessary",
        "1a0000ffff": "longer than necessary",
        "1b00000000ffffffff": "longer than necessary",
        "580100": "longer than necessary",
        "7800": "longer than necessary",
        "980100": "longer than necessary",
        "b8010000": "longer than necessary",
        "5f4100ff": "indefinite",
        "7f6161ff": "indefinite",
        "9fff": "indefinite",
        "bfff": "indefinite",
        "ff": "indefinite",
        "1c": "reserved",
        "1d": "reserved",
        "1e": "reserved",
        "c000": "a tag",
        "d82000": "a tag",
        "f93c00": "a float",
        "fa47c35000": "a float",
        "fb3ff199999999999a": "a float",
        "f7": "another simple value",
        "e0": "another simple value",
        "f814": "longer than necessary",
        "f820": "another simple value",
        "a201000100": "repeated",
        "a2616100616101": "repeated",
        "a2010001f5": "repeated",
        "a1f500": "neither an integer nor text",
        "a1f600": "neither an integer nor text",
        "a1414100": "neither an integer nor text",
        "a18000": "neither an integer nor text",
        "61ff": "not UTF-8",
        "63eda080": "not UTF-8",
    }.items(),
)
def test_anything_else_is_invalid(encoded: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        cbor.decode(bytes.fromhex(encoded))


def test_four_levels_are_the_most() -> None:
    assert cbor.decode(bytes.fromhex("81" * 3 + "80")) == [[[[]]]]
    assert cbor.decode(bytes.fromhex("a100" * 3 + "a0")) == {0: {0: {0: {}}}}
    for encoded in ("81" * 4 + "80", "a100" * 4 + "a0", "81" * 30_000):
        with pytest.raises(ValueError, match="nested"):
            cbor.decode(bytes.fromhex(encoded))


def test_64_kb_are_the_most() -> None:
    longest = encode([0] * 65_533)
    assert len(longest) == 65_536
    cbor.decode(longest)
    with pytest.raises(ValueError, match="too long"):
        cbor.decode(encode([0] * 65_534))
    with pytest.raises(ValueError, match="too long"):
        cbor.decode_first(b"\0" * 65_537)
