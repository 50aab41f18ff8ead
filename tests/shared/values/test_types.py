"""Types of the fields of requests."""

import json
import struct
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.attributes import decoded, encoded
from shared.core.errors import InvalidInput
from shared.values.types import Date, DateTime, DecimalText, Line, Lines, Real, Rule, Text, Uuid, WholeNumber, real
from shared.web.inputs import Body
from shared.web.request import Request


class Everything(Body):
    """A body with a field of each type."""

    line: Line | None = None
    lines: Lines | None = None
    text: Text | None = None
    whole: WholeNumber | None = None
    real: Real | None = None
    half: Annotated[float, Rule(real, ge=0, le=0.5)] | None = None
    decimal: DecimalText | None = None
    date: Date | None = None
    time: DateTime | None = None
    uuid: Uuid | None = None
    flag: bool | None = None


def parsed(field: str, value: str) -> Any:
    headers = {"content-type": "application/json"}
    return getattr(Everything.from_request(Request({"body": f'{{"{field}": {value}}}', "headers": headers})), field)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("line", '" a line "', "a line"),
        ("lines", '["a", "b"]', ["a", "b"]),
        ("lines", "[]", []),
        ("whole", "9007199254740992", 2**53),
        ("whole", "-9007199254740992", -(2**53)),
        ("real", "3", 3.0),
        ("real", "1e-130", 1e-130),
        ("half", "0.5", 0.5),
        ("decimal", '"12.50"', "12.50"),
        ("decimal", '"-0.5"', "-0.5"),
        ("decimal", '"12345678901234567890.123456789012345678"', "12345678901234567890.123456789012345678"),
        ("date", '"2024-02-29"', "2024-02-29"),
        ("time", '"2026-08-04T14:00:00+02:00"', "2026-08-04T12:00:00.000Z"),
        ("time", '"2026-08-04t12:00:00.1239z"', "2026-08-04T12:00:00.123Z"),
        ("uuid", '"0B7C5A3E-5F0E-4C57-9A31-6F2F0F1C9D42"', "0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42"),
        ("flag", "false", False),
    ],
)
def test_value_is_accepted(field: str, text: str, value: Any) -> None:
    assert parsed(field, text) == value
    assert type(parsed(field, text)) is type(value)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("line", '""'),
        ("line", '"a\\nb"'),
        ("line", "7"),
        ("line", f'"{"a" * 201}"'),
        # NFC makes three characters of each.
        ("line", json.dumps("\U0001d160" * 100)),
        ("text", json.dumps("\U0001d160" * 2000)),
        ("lines", '"a"'),
        ("lines", "[1]"),
        ("lines", json.dumps(["a"] * 21)),
        ("whole", "9007199254740993"),
        ("whole", "1.5"),
        ("whole", '"1"'),
        ("whole", "true"),
        ("real", '"1.5"'),
        ("real", "true"),
        ("real", "1e126"),
        ("real", "1e-131"),
        ("real", "1e999"),
        ("half", "0.6"),
        ("decimal", "12.5"),
        ("decimal", '"1e5"'),
        ("decimal", '"01"'),
        ("decimal", '"NaN"'),
        ("decimal", '"1."'),
        ("decimal", f'"{"9" * 39}"'),
        ("date", '"2026-02-29"'),
        ("date", '"20260804"'),
        ("date", '"2026-W01-1"'),
        ("date", "1"),
        ("time", '"2026-08-04T12:00:00"'),
        ("time", '"2026-08-04 12:00:00Z"'),
        ("time", '"2026-08-04T25:00:00Z"'),
        ("time", '"0001-01-01T00:00:00+14:00"'),
        ("uuid", '"0b7c5a3e5f0e4c579a316f2f0f1c9d42"'),
        ("flag", '"true"'),
        ("flag", "1"),
    ],
)
def test_value_is_refused_with_the_name_of_its_field(field: str, text: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        parsed(field, text)
    assert [error.field.partition(".")[0] for error in raised.value.fields] == [field]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_that_is_accepted_comes_back_from_dynamodb_with_the_same_bits(number: float) -> None:
    try:
        accepted = real(number)
    except ValueError:
        return
    # DynamoDB writes 3.0 as 3 and has no -0.0.
    stored = encoded({"number": accepted})["number"]["N"].removesuffix(".0")
    back = float(decoded({"number": {"N": stored}})["number"])
    assert struct.pack(">d", back) == struct.pack(">d", accepted)
    assert accepted == number
