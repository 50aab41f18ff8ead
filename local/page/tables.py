"""The items of the tables as plain JSON values, one page at a time."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from local.aws.client import Aws, AwsError

_MAX_TEXT = 4_000
_MAX_EXACT = 2**53
_PAGE = 50
_KEY_TYPES = {"S", "N", "B"}


class CursorError(Exception):
    """The cursor is invalid."""


def overview(tables: Iterable[str], aws: Aws) -> list[dict[str, Any]]:
    """Return {name, items, key} for each table: `items` is their number, `key` the names of the key attributes."""
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
    """Return a page of items in the table's order, and the cursor of the next page: {items, next}.

    Raises CursorError.
    """
    request: dict[str, Any] = {"TableName": table, "Limit": _PAGE}
    if cursor:
        request["ExclusiveStartKey"] = _key(cursor)
    try:
        answer = aws.call("dynamodb", "Scan", request)
    except AwsError as problem:
        if cursor and problem.code == "ValidationException":
            raise CursorError from problem
        raise
    last = answer.get("LastEvaluatedKey")
    return {
        "items": [{name: _plain(value) for name, value in sorted(item.items())} for item in answer["Items"]],
        "next": base64.urlsafe_b64encode(json.dumps(last).encode()).decode() if last else None,
    }


def _key(cursor: str) -> Any:
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError, RecursionError) as problem:
        raise CursorError from problem
    if not _is_key(key):
        raise CursorError
    return key


def _is_key(value: Any) -> bool:
    """Return whether the value has the form of a DynamoDB key: MiniStack does not check it, and may fail."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(
            isinstance(attribute, dict)
            and [type(content) for content in attribute.values()] == [str]
            and attribute.keys() <= _KEY_TYPES
            for attribute in value.values()
        )
    )


def _plain(value: Mapping[str, Any]) -> Any:
    """Convert an attribute value of DynamoDB to JSON. Long texts are shortened, and bytes show their number."""
    ((kind, content),) = value.items()
    plain: dict[str, Callable[[Any], Any]] = {
        "S": _shorten,
        "N": _number,
        "B": _bytes,
        "M": lambda inner: {name: _plain(each) for name, each in inner.items()},
        "L": lambda inner: [_plain(each) for each in inner],
        "SS": lambda inner: [_shorten(each) for each in inner],
        "NS": lambda inner: [_number(each) for each in inner],
        "BS": lambda inner: [_bytes(each) for each in inner],
        "BOOL": bool,
        "NULL": lambda _: None,
    }
    return plain[kind](content)


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}… ({len(text):,} characters)"


def _bytes(encoded: str) -> str:
    return f"({len(base64.b64decode(encoded))} bytes) {_shorten(encoded)}"


def _number(text: str) -> int | float | str:
    """Return a number; as text, if it is an integer too large for JavaScript."""
    try:
        number = int(text)
    except ValueError:
        return float(text)
    return number if abs(number) <= _MAX_EXACT else text
