"""What a piece of work consumes: calls to DynamoDB, its read and write units, and CPU time.

Writes are what the database reports, with its indexes. MiniStack reports no read but that of a small item, and of a
failed condition it reports nothing, so these two are computed from the answer by DynamoDB's own rules ("DynamoDB read
and write operations: capacity unit consumption"): what a read gives is summed up and rounded up to 4 KB, at half the
price where it need not be consistent; a write that fails its condition costs what it would have cost.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from shared.core import aws

_READ_UNIT = 4096
_READS = frozenset({"GetItem", "Query"})


@dataclass
class Usage:
    """What was consumed: units, CPU milliseconds, and the calls by name and table."""

    read: float = 0.0
    written: float = 0.0
    cpu: float = 0.0
    calls: list[str] = field(default_factory=list)


class Meter:
    """Asks every call of this process what it has consumed, and adds it up."""

    def __init__(self) -> None:
        self._usage = Usage()
        events = aws.dynamodb().meta.events
        events.register("provide-client-params.dynamodb", self._ask)
        events.register("after-call.dynamodb", self._note)

    @contextmanager
    def measure(self) -> Iterator[Usage]:
        """Give what is consumed meanwhile."""
        self._usage = usage = Usage()
        started = time.process_time()
        yield usage
        usage.cpu = (time.process_time() - started) * 1000
        self._usage = Usage()

    def close(self) -> None:
        """Measure no more."""
        events = aws.dynamodb().meta.events
        events.unregister("provide-client-params.dynamodb", self._ask)
        events.unregister("after-call.dynamodb", self._note)

    @staticmethod
    def _ask(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if "ReturnConsumedCapacity" in model.input_shape.members:
            params["ReturnConsumedCapacity"] = "INDEXES"
        context["asked"] = params

    def _note(self, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        asked = context["asked"]
        self._usage.calls.append(f"{model.name} {_tables(asked)}")
        if model.name in _READS:
            items = [parsed["Item"]] if "Item" in parsed else parsed.get("Items", [])
            units = max(1, ceil(sum(map(size, items)) / _READ_UNIT))
            self._usage.read += units if asked.get("ConsistentRead") else units / 2
        elif parsed.get("Error", {}).get("Code") == "ConditionalCheckFailedException":
            self._usage.written += 1  # every item that is written on a condition is smaller than 1 KB
        else:
            consumed = parsed.get("ConsumedCapacity", [])
            parts = consumed if isinstance(consumed, list) else [consumed]
            self._usage.written += sum(part["CapacityUnits"] for part in parts)


def _tables(asked: Mapping[str, Any]) -> str:
    if "TransactItems" not in asked:
        return str(asked["TableName"])
    return " + ".join(str(part["TableName"]) for item in asked["TransactItems"] for part in item.values())


def size(item: Mapping[str, Any]) -> int:
    """Give the bytes of an item in DynamoDB's form, as it counts them ("DynamoDB item sizes and formats")."""
    return sum(len(name.encode()) + _size(*typed.items()) for name, typed in item.items())


def _size(typed: tuple[str, Any]) -> int:
    match typed:
        case "S", text:
            return len(text.encode())
        case "N", digits:
            return ceil(len(digits.strip("-0.")) / 2) + 1
        case "B", value:
            return len(value)
        case "M", inner:
            return 3 + len(inner) + size(inner)
        case "L", inner:
            return 3 + len(inner) + sum(_size(*value.items()) for value in inner)
        case _:
            return 1
