"""DynamoDB's typed attributes, and the plain values that records consist of: any JSON, and bytes.

Dates, times, decimals and UUIDs are stored as their text in JSON, and come back as text.
"""

import uuid
from collections.abc import Mapping
from typing import Any

_MAX_INT, _SMALLEST, _LARGEST = 2**53, 1e-130, 1e126


def decoded(item: Mapping[str, Any]) -> dict[str, Any]:
    """Convert DynamoDB's typed attributes, from a response or a stream record, into plain values."""
    return {name: _plain(*value.items()) for name, value in item.items()}


def _plain(attribute: tuple[str, Any]) -> Any:
    match attribute:
        case (("S" | "BOOL" | "B"), value):
            return value
        case "N", value:
            return _plain_number(value)
        case "NULL", _:
            return None
        case "M", value:
            return decoded(value)
        case "L", value:
            return [_plain(*inner.items()) for inner in value]
        case kind, _:
            raise TypeError(f"DynamoDB's type {kind} is not supported")


def encoded(item: Mapping[str, Any]) -> dict[str, Any]:
    """Convert plain values into DynamoDB's typed attributes. Raises like `typed`."""
    return {name: typed(value) for name, value in item.items()}


def typed(value: Any) -> dict[str, Any]:  # noqa: PLR0911  # one return per type
    """Convert one value. Raises ValueError for a number, and TypeError for any other value, that it cannot hold."""
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": _number(value)}
        case bytes():
            return {"B": value}
        case None:
            return {"NULL": True}
        case Mapping():
            return {"M": encoded(value)}
        case list() | tuple():
            return {"L": [typed(inner) for inner in value]}
        case _:
            return {"S": _text(value)}


def _text(value: Any) -> str:
    """Return a decimal, a date, a time or a UUID as JSON has it. A decimal keeps its digits."""
    from datetime import date  # noqa: PLC0415  # no cold start needs them
    from decimal import Decimal  # noqa: PLC0415

    match value:
        case date():
            return value.isoformat()
        case uuid.UUID():
            return str(value)
        case Decimal() if value.is_finite():
            return str(value)
    raise TypeError(f"An attribute cannot hold the {type(value).__name__} {value!r}")


def holds(value: float) -> bool:
    """Return whether DynamoDB holds a float: 0, or one of its magnitudes. Any comparison with NaN is false."""
    return value == 0 or _SMALLEST <= abs(value) < _LARGEST


def _number(value: float) -> str:
    """Return a number as DynamoDB reads it. Raises ValueError for one that would not come back as the same.

    DynamoDB has 38 digits, and magnitudes from 1E-130 to 9.9E+125; a float has 17 digits at most. Whole numbers are
    those of JSON that every program reads alike (RFC 7493, 2.2).
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
    """
    if not (abs(value) <= _MAX_INT if isinstance(value, int) else holds(value)):
        raise ValueError(f"DynamoDB cannot hold the number {value!r}")
    return repr(value)


def _plain_number(text: str) -> float:
    """Return an int for a whole number, since DynamoDB writes 3.0 as 3, and otherwise a float."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) <= _MAX_INT else number
