"""What is in the tables, a page at a time, as plain values."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from local.aws.client import Aws

_LONGEST_TEXT = 4_000
_LARGEST_EXACT = 2**53
_PAGE = 50


class CursorError(Exception):
    """The cursor is none of ours."""


def overview(tables: Iterable[str], aws: Aws) -> list[dict[str, Any]]:
    """Of each table: {name, items, key}; `key` are the names of its key's attributes."""
    described = [aws.call("dynamodb", "DescribeTable", {"TableName": name})["Table"] for name in tables]
    return [
        {
            "name": table["TableName"],
            "items": table["ItemCount"],
            "key": [part["AttributeName"] for part in table["KeySchema"]],
        }
        for table in described
    ]


def page(table: str, cursor: str, aws: Aws) -> dict[str, Any]:
    """Some items in the table's own order, and where to go on: {items, next}. Raises CursorError."""
    request: dict[str, Any] = {"TableName": table, "Limit": _PAGE}
    if cursor:
        request["ExclusiveStartKey"] = _key(cursor)
    answer = aws.call("dynamodb", "Scan", request)
    last = answer.get("LastEvaluatedKey")
    return {
        "items": [{name: _plain(value) for name, value in sorted(item.items())} for item in answer["Items"]],
        "next": base64.urlsafe_b64encode(json.dumps(last).encode()).decode() if last else None,
    }


def _key(cursor: str) -> Any:
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError) as problem:
        raise CursorError from problem
    if not isinstance(key, dict):
        raise CursorError
    return key


def _plain(value: Mapping[str, Any]) -> Any:
    """An attribute's value as JSON; what is too long to read is cut, and bytes are counted."""
    ((kind, content),) = value.items()
    plain: dict[str, Callable[[Any], Any]] = {
        "S": _cut,
        "N": _number,
        "B": _bytes,
        "M": lambda inner: {name: _plain(each) for name, each in inner.items()},
        "L": lambda inner: [_plain(each) for each in inner],
        "SS": lambda inner: [_cut(each) for each in inner],
        "NS": lambda inner: [_number(each) for each in inner],
        "BS": lambda inner: [_bytes(each) for each in inner],
        "BOOL": bool,
        "NULL": lambda _: None,
    }
    return plain[kind](content)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}… ({len(text):,} characters)"


def _bytes(encoded: str) -> str:
    return f"({len(base64.b64decode(encoded))} bytes) {_cut(encoded)}"


def _number(text: str) -> int | float | str:
    """A number if a browser's can hold it exactly, else its digits."""
    try:
        number = int(text)
    except ValueError:
        return float(text)
    return number if abs(number) <= _LARGEST_EXACT else text
