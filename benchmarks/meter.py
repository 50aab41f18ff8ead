"""What a piece of work consumes: calls to DynamoDB, its read and write units, and CPU time.

Write units are those that the database reports, with its indexes. MiniStack reports every read as one of a small item,
and nothing for a failed condition, so these two are computed by DynamoDB's own rules ("DynamoDB read and write
operations: capacity unit consumption"): the items that a read returns are added up and rounded up to 4 KB, at half the
price for an eventually consistent read; a write whose condition fails costs what it would have cost.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from shared.core import aws

_READ_UNIT = 4096


@dataclass
class Usage:
    """Units, CPU milliseconds, and the calls by operation and table."""

    read: float = 0.0
    written: float = 0.0
    cpu: float = 0.0
    calls: list[str] = field(default_factory=list)


class Meter:
    """Adds up what every call of this process consumes."""

    def __init__(self) -> None:
        self._usage = Usage()
        self._hooks: dict[str, Any] = {
            "provide-client-params.dynamodb": self._request,
            "after-call.dynamodb": self._response,
        }
        for event, hook in self._hooks.items():
            aws.dynamodb().meta.events.register(event, hook)

    @contextmanager
    def measure(self) -> Iterator[Usage]:
        """Measure what is consumed within the block."""
        self._usage = usage = Usage()
        started = time.process_time()
        yield usage
        usage.cpu = (time.process_time() - started) * 1000
        self._usage = Usage()

    def close(self) -> None:
        """Stop measuring."""
        for event, hook in self._hooks.items():
            aws.dynamodb().meta.events.unregister(event, hook)

    @staticmethod
    def _request(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        if "ReturnConsumedCapacity" in model.input_shape.members:
            params["ReturnConsumedCapacity"] = "INDEXES"
        context["request"] = params

    def _response(self, parsed: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        request = context["request"]
        self._usage.calls.append(f"{model.name} {_tables(request)}")
        if model.name in {"GetItem", "Query"}:
            items = [parsed["Item"]] if "Item" in parsed else parsed.get("Items", [])
            units = max(1, ceil(sum(map(size, items)) / _READ_UNIT))
            self._usage.read += units if request.get("ConsistentRead") else units / 2
        elif parsed.get("Error", {}).get("Code") == "ConditionalCheckFailedException":
            self._usage.written += 1  # every item that is written on a condition is smaller than 1 KB
        else:
            consumed = parsed.get("ConsumedCapacity", [])
            parts = consumed if isinstance(consumed, list) else [consumed]
            self._usage.written += sum(part["CapacityUnits"] for part in parts)


def _tables(request: Mapping[str, Any]) -> str:
    if "TransactItems" not in request:
        return str(request["TableName"])
    return " + ".join(str(part["TableName"]) for item in request["TransactItems"] for part in item.values())


def size(item: Mapping[str, Any]) -> int:
    """Return the bytes of an item in DynamoDB's form, as it counts them ("DynamoDB item sizes and formats")."""
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
