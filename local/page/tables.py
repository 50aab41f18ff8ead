"""The items of the tables: pages of plain JSON values to look at, and single items in DynamoDB's JSON to change.

DynamoDB's JSON, such as {"id": {"S": "7"}}, keeps each type: numbers are exact texts, bytes are base64.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.aws.client import Aws, AwsError

Item = dict[str, dict[str, Any]]

_MAX_TEXT = 4_000
_MAX_EXACT = 2**53
_PAGE, _EXPORT_PAGE = 50, 500
_KEY_TYPES = {"S", "N", "B"}
# Items that are not what their table is about, by the table's name: the key of each. `shared.records.users` counts the
# active administrators in one.
BOOKKEEPING: Mapping[str, tuple[Item, ...]] = {"UsersTable": ({"id": {"S": "admins"}},)}


class CursorError(Exception):
    """The cursor is invalid."""


class ItemError(Exception):
    """The item, its key or the value of a key is invalid. The message is for the developer."""


class ChangedError(Exception):
    """The item has changed since it was read, or is gone."""


@dataclass(frozen=True)
class KeyPart:
    """A key attribute: `type` is S, N or B."""

    name: str
    type: str


def overview(tables: Iterable[str], aws: Aws) -> list[dict[str, Any]]:
    """Return {name, items, bookkeeping, key} for each table.

    `bookkeeping` is the number of items that are not what the table is about, `items` that of the others. `key` are the
    key attributes, the partition key first: {name, type}.
    """
    return [_overview(table, aws) for table in tables]


def _overview(table: str, aws: Aws) -> dict[str, Any]:
    described = _describe(table, aws)
    keys = BOOKKEEPING.get(table, ())
    found = sum("Item" in aws.call("dynamodb", "GetItem", {"TableName": table, "Key": key}) for key in keys)
    return {
        "name": table,
        "items": described["ItemCount"] - found,
        "bookkeeping": found,
        "key": [{"name": part.name, "type": part.type} for part in _key_parts(described)],
    }


def page(table: str, cursor: str, aws: Aws, *, partition: str = "", sort: str = "") -> dict[str, Any]:
    """Return a page of items in the table's order, and the cursor of the next page: {items, keys, bookkeeping, next}.

    `items` are plain values, `keys` their keys in DynamoDB's JSON, `bookkeeping` whether each is bookkeeping. With
    `partition`, only the items with this value of the partition key are read, and only those whose sort key begins with
    `sort` (for a number: equals it).

    Raises CursorError, ItemError.
    """
    parts = _key_parts(_describe(table, aws))
    request: dict[str, Any] = {"TableName": table, "Limit": _PAGE}
    if partition:
        request |= _condition(parts, partition, sort)
    if cursor:
        request["ExclusiveStartKey"] = _key(cursor)
    try:
        answer = aws.call("dynamodb", "Query" if partition else "Scan", request)
    except AwsError as problem:
        if problem.code != "ValidationException":
            raise
        if cursor:
            raise CursorError from problem
        raise ItemError(problem.message) from problem
    last = answer.get("LastEvaluatedKey")
    keys = [{part.name: item[part.name] for part in parts} for item in answer["Items"]]
    return {
        "items": [{name: _plain(value) for name, value in sorted(item.items())} for item in answer["Items"]],
        "keys": keys,
        "bookkeeping": [key in BOOKKEEPING.get(table, ()) for key in keys],
        "next": base64.urlsafe_b64encode(json.dumps(last).encode()).decode() if last else None,
    }


def find(table: str, key: Any, aws: Aws) -> Item | None:
    """Return the item with this key in DynamoDB's JSON, or None. Raises ItemError."""
    found: Item | None = _call(aws, "GetItem", TableName=table, Key=_item(key), ConsistentRead=True).get("Item")
    return found


def change(table: str, before: Any, after: Any, aws: Aws) -> None:
    """Replace the attributes of the item `before` by those of `after`. Both are in DynamoDB's JSON.

    Raises ItemError, ChangedError.
    """
    old, new = _item(before), _item(after)
    key = _key_of(table, old, aws)
    if any(new.get(name) != value for name, value in key.items()):
        names = " and ".join(key)
        raise ItemError(f"The key ({names}) cannot change. Delete the item, and let the API create another one.")
    changed = [name for name in new if name not in key and new[name] != old.get(name)]
    removed = [name for name in old if name not in new]
    if not changed and not removed:
        _verify(table, key, old, aws)
        return
    sets = ", ".join(f"#n{number} = :n{number}" for number in range(len(changed)))
    removes = ", ".join(f"#r{number}" for number in range(len(removed)))
    condition = _unchanged(old)
    condition["ExpressionAttributeNames"] |= {f"#n{number}": name for number, name in enumerate(changed)}
    condition["ExpressionAttributeNames"] |= {f"#r{number}": name for number, name in enumerate(removed)}
    condition["ExpressionAttributeValues"] |= {f":n{number}": new[name] for number, name in enumerate(changed)}
    update = " ".join(part for part in (sets and f"SET {sets}", removes and f"REMOVE {removes}") if part)
    _verify(table, key, old, aws)
    _call(aws, "UpdateItem", TableName=table, Key=key, UpdateExpression=update, **condition)


def delete(table: str, before: Any, aws: Aws) -> None:
    """Delete the item `before`, which is in DynamoDB's JSON. Raises ItemError, ChangedError."""
    old = _item(before)
    key = _key_of(table, old, aws)
    _verify(table, key, old, aws)
    _call(aws, "DeleteItem", TableName=table, Key=key, **_unchanged(old))


def export(table: str, aws: Aws) -> Iterator[str]:
    """Yield the parts of a JSON array with all items in DynamoDB's JSON, one on a line."""
    separator, start = "[\n", None
    while True:
        request = {"TableName": table, "Limit": _EXPORT_PAGE}
        answer = aws.call("dynamodb", "Scan", {**request, "ExclusiveStartKey": start} if start else request)
        for item in answer["Items"]:
            yield separator + json.dumps(item, ensure_ascii=False)
            separator = ",\n"
        start = answer.get("LastEvaluatedKey")
        if not start:
            yield "[]\n" if separator == "[\n" else "\n]\n"
            return


def _describe(table: str, aws: Aws) -> dict[str, Any]:
    described: dict[str, Any] = aws.call("dynamodb", "DescribeTable", {"TableName": table})["Table"]
    return described


def _key_parts(described: Mapping[str, Any]) -> list[KeyPart]:
    types = {each["AttributeName"]: each["AttributeType"] for each in described["AttributeDefinitions"]}
    ordered = sorted(described["KeySchema"], key=lambda part: str(part["KeyType"]))  # HASH before RANGE
    return [KeyPart(part["AttributeName"], types[part["AttributeName"]]) for part in ordered]


def _condition(parts: list[KeyPart], partition: str, sort: str) -> dict[str, Any]:
    condition = "#p = :p"
    names, values = {"#p": parts[0].name}, {":p": {parts[0].type: partition}}
    if sort:
        if len(parts) == 1:
            raise ItemError(f"The table has no sort key, only {parts[0].name}.")
        condition += " AND #s = :s" if parts[1].type == "N" else " AND begins_with(#s, :s)"
        names["#s"], values[":s"] = parts[1].name, {parts[1].type: sort}
    return {
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _item(value: Any) -> Item:
    """Return the value as an item or key. Raises ItemError unless it has the form of DynamoDB's JSON."""
    if not isinstance(value, dict) or not value:
        raise ItemError('An item is an object with attributes, such as {"id": {"S": "7"}}.')
    for name, attribute in value.items():
        _check(name, attribute)
    return value


def _check(name: str, attribute: Any) -> None:
    """Raise ItemError for what MiniStack would store, and AWS refuse. It checks the rest itself."""
    if not isinstance(attribute, dict) or len(attribute) != 1:
        raise ItemError(f'{name} needs exactly one type, such as {{"S": "text"}} or {{"N": "7"}}.')
    ((kind, content),) = attribute.items()
    if kind == "M" and isinstance(content, dict):
        for inner, each in content.items():
            _check(f"{name}.{inner}", each)
    elif kind == "L" and isinstance(content, list):
        for number, each in enumerate(content):
            _check(f"{name}[{number}]", each)
    elif kind in {"B", "BS"}:
        for text in content if isinstance(content, list) else [content]:
            try:
                base64.b64decode(text, validate=True)
            except (ValueError, TypeError) as problem:
                raise ItemError(f"{name} is not base64.") from problem


def _key_of(table: str, item: Item, aws: Aws) -> Item:
    parts = _key_parts(_describe(table, aws))
    if missing := [part.name for part in parts if part.name not in item]:
        raise ItemError(f"The item lacks its key: {' and '.join(missing)}.")
    return {part.name: item[part.name] for part in parts}


def _verify(table: str, key: Item, item: Item, aws: Aws) -> None:
    """Raise ChangedError unless the item is stored so: the condition of the write does not see new attributes."""
    if find(table, key, aws) != item:
        raise ChangedError


def _unchanged(item: Item) -> dict[str, Any]:
    """Return the parameters of a write on the condition that all attributes of the item still have their values."""
    return {
        "ConditionExpression": " AND ".join(f"#o{number} = :o{number}" for number in range(len(item))),
        "ExpressionAttributeNames": {f"#o{number}": name for number, name in enumerate(item)},
        "ExpressionAttributeValues": {f":o{number}": value for number, value in enumerate(item.values())},
    }


def _call(aws: Aws, operation: str, **request: Any) -> dict[str, Any]:
    try:
        return aws.call("dynamodb", operation, request)
    except AwsError as problem:
        if problem.code == "ConditionalCheckFailedException":
            raise ChangedError from problem
        if problem.code in {"ValidationException", "SerializationException"}:
            raise ItemError(problem.message) from problem
        raise


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
