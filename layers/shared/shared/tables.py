"""DynamoDB: reads, and writes that happen together or not at all. The only module that knows its API.

A change names the error that its failing condition means. `write` carries out any number of them as one: a single
change as a plain write, several as a transaction with a token of its own, so that an answer lost on its way back does
not make botocore's second try fail against the first (AWS: TransactWriteItems, ClientRequestToken).
"""

import functools
import random
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypeVar, cast

from boto3.dynamodb.conditions import ConditionBase, ConditionExpressionBuilder
from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from shared.aws import dynamodb, error_code, failures_as_ours
from shared.config import settings
from shared.errors import Error, Outdated, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Item: TypeAlias = dict[str, Any]
P = ParamSpec("P")
R = TypeVar("R")

_to_dynamodb = TypeSerializer().serialize
_from_dynamodb = TypeDeserializer().deserialize

_ATTEMPTS = 8


# Reading -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Table:
    """A table, known by the setting that holds its name."""

    setting: str

    @property
    def name(self) -> str:
        """Give the table's name in this deployment."""
        return str(getattr(settings(), self.setting))

    def get(self, key: Item, *, consistent: bool = True) -> Item | None:
        """Read one item. A consistent read sees every write acknowledged before it, at twice the price."""
        with failures_as_ours():
            answer = dynamodb().get_item(TableName=self.name, Key=_encoded(key), ConsistentRead=consistent)
        item = answer.get("Item")
        return decoded(item) if item is not None else None

    def query(
        self,
        condition: ConditionBase,
        *,
        index: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Iterator[Item]:
        """Read the items with one partition key, in the order of their sort key; with `limit`, the first so many.

        Reads of the table are consistent; an index cannot be.
        """
        expression = ConditionExpressionBuilder().build_expression(condition, is_key_condition=True)
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": expression.condition_expression,
            "ExpressionAttributeNames": expression.attribute_name_placeholders,
            "ExpressionAttributeValues": _encoded(expression.attribute_value_placeholders),
            "ScanIndexForward": not newest_first,
        }
        if index is None:
            request["ConsistentRead"] = True
        else:
            request["IndexName"] = index
        remaining = limit
        while remaining is None or remaining > 0:
            if remaining is not None:
                request["Limit"] = remaining
            with failures_as_ours():
                answer = dynamodb().query(**request)
            yield from map(decoded, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
            if remaining is not None:
                remaining -= len(answer["Items"])


# Changes -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(ABC):
    """One write to one item. Where `when` does not hold, nothing at all is written and `otherwise` is raised."""

    table: Table
    when: ConditionBase | None = None
    otherwise: type[Error] = Outdated

    @abstractmethod
    def request(self) -> tuple[str, dict[str, Any]]:
        """Give the transaction's name for this kind of change, and its parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Put(Change):
    """Write a whole item, over whatever has its key."""

    item: Item

    def request(self) -> tuple[str, dict[str, Any]]:
        expression = _Expression(self)
        return "Put", expression.parameters(Item=_encoded(self.item))


@dataclass(frozen=True, slots=True, kw_only=True)
class Update(Change):
    """Set, add to and remove attributes of an item; makes the item where there is none and `when` allows it."""

    key: Item
    set: Item = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    remove: tuple[str, ...] = ()

    def request(self) -> tuple[str, dict[str, Any]]:
        expression = _Expression(self)
        clauses = {
            "SET": [f"{expression.name(name)} = {expression.value(value)}" for name, value in self.set.items()],
            "ADD": [f"{expression.name(name)} {expression.value(value)}" for name, value in self.add.items()],
            "REMOVE": [expression.name(name) for name in self.remove],
        }
        update = " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)
        return "Update", expression.parameters(Key=_encoded(self.key), UpdateExpression=update)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete(Change):
    """Remove an item; one that is not there is no error unless `when` says so."""

    key: Item

    def request(self) -> tuple[str, dict[str, Any]]:
        return "Delete", _Expression(self).parameters(Key=_encoded(self.key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Change):
    """Write nothing, but insist on `when`."""

    key: Item

    def request(self) -> tuple[str, dict[str, Any]]:
        return "ConditionCheck", _Expression(self).parameters(Key=_encoded(self.key))


def write(*changes: Change) -> None:
    """Carry out all changes, or none.

    Raises:
        Error: a change's condition does not hold: that change's `otherwise`, the first such change's if several.
        Unavailable: DynamoDB is throttling, out of reach, or other writers keep getting in the way.

    """
    with failures_as_ours():
        if len(changes) == 1 and not isinstance(changes[0], Check):
            _write_one(changes[0])
        else:
            _write_together(changes)


def update(change: Update) -> tuple[bool, Item]:
    """Carry out one update, and tell how it went.

    Give True and the item as it is then; or, where `when` does not hold, False and the item that is there instead,
    empty if there is none. The item comes with the answer, so this costs no read. `otherwise` plays no part.
    """
    _, parameters = change.request()
    returning = {"ReturnValues": "ALL_NEW", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    try:
        with failures_as_ours():
            answer = _without_conflict(dynamodb().update_item, parameters | returning)
        return True, decoded(answer["Attributes"])
    except ClientError as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise
        return False, decoded(cast("dict[str, Any]", error.response).get("Item", {}))


def _write_one(change: Change) -> None:
    verb, parameters = change.request()
    operations: dict[str, Callable[..., Any]] = {
        "Put": dynamodb().put_item,
        "Update": dynamodb().update_item,
        "Delete": dynamodb().delete_item,
    }
    try:
        _without_conflict(operations[verb], parameters)
    except ClientError as error:
        if error_code(error) == "ConditionalCheckFailedException":
            raise change.otherwise from error
        raise


def _without_conflict(operation: Callable[..., Any], parameters: dict[str, Any]) -> Any:
    """Carry out a plain write again for as long as a transaction is just at its item."""
    for pause in _pauses():
        try:
            return operation(**parameters)
        except ClientError as error:
            if error_code(error) != "TransactionConflictException":
                raise
            time.sleep(pause)
    raise Unavailable


def _write_together(changes: tuple[Change, ...]) -> None:
    items: list[TransactWriteItemTypeDef] = []
    for change in changes:
        verb, parameters = change.request()
        items.append({verb: parameters})  # type: ignore[misc]  # the verb is one of the four keys
    token = str(uuid.uuid4())
    for pause in _pauses():
        try:
            dynamodb().transact_write_items(TransactItems=items, ClientRequestToken=token)
        except dynamodb().exceptions.TransactionCanceledException as error:
            reasons = [reason.get("Code") for reason in error.response["CancellationReasons"]]
            for change, reason in zip(changes, reasons, strict=True):
                if reason == "ConditionalCheckFailed":
                    raise change.otherwise from error
            # What is left are conflicts with other writers and throttling, both of which pass.
            if not {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"} & set(reasons):
                raise
            time.sleep(pause)
        else:
            return
    raise Unavailable


def optimistic(function: Callable[P, R]) -> Callable[P, R]:
    """Run the function again when it finds, on writing, that what it had read is `Outdated`.

    Raises:
        Outdated: it still was after eight attempts.

    """

    @functools.wraps(function)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> R:
        for pause in _pauses():
            try:
                return function(*args, **kwargs)
            except Outdated:
                time.sleep(pause)
        raise Outdated

    return attempt


def _pauses() -> Iterator[float]:
    """Give the seconds to wait after each attempt: growing, and random, so that competitors fall out of step."""
    return (random.uniform(0, 0.01 * 2**attempt) for attempt in range(_ATTEMPTS))  # noqa: S311  # not for secrets


# Values --------------------------------------------------------------------------------------------


def decoded(item: Mapping[str, Any]) -> Item:
    """Turn DynamoDB's typed attributes, as an answer or a stream record has them, into plain values."""
    return {name: _plain(_from_dynamodb(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:  # whatever an attribute can hold
    match value:
        case Decimal():
            return int(value)
        case Binary():
            return bytes(value)  # type: ignore[call-overload]  # the stubs leave out `Binary.__bytes__`
        case dict():
            return {name: _plain(inner) for name, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case _:
            return value


def _encoded(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _to_dynamodb(value) for name, value in item.items()}


class _Expression:
    """The names, values and condition of one change; placeholders keep reserved words out of the way."""

    def __init__(self, change: Change) -> None:
        self._fixed: dict[str, Any] = {"TableName": change.table.name}
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        if change.when is not None:
            built = ConditionExpressionBuilder().build_expression(change.when)
            self._fixed["ConditionExpression"] = built.condition_expression
            self._names.update(built.attribute_name_placeholders)
            self._values.update(built.attribute_value_placeholders)

    def name(self, attribute: str) -> str:
        placeholder = f"#c{len(self._names)}"
        self._names[placeholder] = attribute
        return placeholder

    def value(self, value: Any) -> str:  # whatever an attribute can hold
        placeholder = f":c{len(self._values)}"
        self._values[placeholder] = value
        return placeholder

    def parameters(self, **more: Any) -> dict[str, Any]:  # parameters of four operations
        parameters = {**self._fixed, **more}
        if self._names:
            parameters["ExpressionAttributeNames"] = self._names
        if self._values:
            parameters["ExpressionAttributeValues"] = _encoded(self._values)
        return parameters
