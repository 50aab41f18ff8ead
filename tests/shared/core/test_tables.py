"""Writes: what happens before and after the commit."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core import attributes, tables
from shared.core.conditions import Key
from shared.core.errors import Unavailable
from shared.core.tables import Change, Put
from shared.records.activity import ACTIVITY
from tests.support import faults
from tests.support.faults import URL, Answer, Wire
from tests.support.stored import items


def puts(count: int) -> list[Change]:
    return [Put(table=ACTIVITY, item={"userId": "user", "position": str(number)}) for number in range(count)]


@pytest.mark.parametrize("count", [1, 3])
def test_hook_that_raises_is_logged_and_the_others_run(
    wire: Wire, count: int, caplog: pytest.LogCaptureFixture
) -> None:
    changes, ran = puts(count), list[str]()

    def fail() -> None:
        ran.append("failing")
        raise RuntimeError("the output is closed")

    for change in changes:
        change.after_commit = fail
    tables.write(changes)
    assert len(wire.calls) == 1
    assert len(ran) == count
    assert caplog.text.count("RuntimeError: the output is closed") == count


def test_write_without_changes_calls_nothing(wire: Wire) -> None:
    tables.write()
    tables.write([], [])
    assert wire.calls == []


def test_too_many_changes_raise_before_the_call(wire: Wire) -> None:
    tables.write(puts(100))
    wire.reset()
    with pytest.raises(ValueError, match="room for 100 changes, not 101"):
        tables.write(puts(101))
    assert wire.calls == []


# Deleting many -------------------------------------------------------------------------------------


def delete_all() -> int:
    return sum(tables.delete_all(ACTIVITY, Key("userId").eq("user"), key=("userId", "position")))


def unprocessed(*positions: int) -> Callable[[], Answer]:
    """Return a fault: DynamoDB deletes nothing, and leaves these items to be tried again."""
    requests = [
        {"DeleteRequest": {"Key": {"userId": {"S": "user"}, "position": {"S": str(each)}}}} for each in positions
    ]
    parsed = {"UnprocessedItems": {"ActivityTable": requests}, "ResponseMetadata": {"HTTPStatusCode": 200}}
    return lambda: (AWSResponse(URL, 200, HTTPHeaders(), None), parsed)


def test_items_are_deleted_in_batches_whose_keys_alone_are_read(wire: Wire) -> None:
    tables.write(puts(60))
    other = {"userId": "other", "position": "0"}
    tables.write(Put(table=ACTIVITY, item=other))
    wire.reset()
    assert delete_all() == 60
    assert items("ActivityTable") == [other]
    assert wire.calls == ["Query", "BatchWriteItem", "BatchWriteItem", "BatchWriteItem"]


def test_unprocessed_items_are_deleted_in_a_further_attempt(wire: Wire) -> None:
    tables.write(puts(3))
    wire.fail(unprocessed(0, 1, 2), on="BatchWriteItem", times=2)
    assert delete_all() == 3
    assert wire.count("BatchWriteItem") == 3
    assert items("ActivityTable") == []


def test_batch_that_is_throttled_as_a_whole_is_tried_again(wire: Wire) -> None:
    tables.write(puts(3))
    wire.fail(faults.error("ProvisionedThroughputExceededException"), on="BatchWriteItem", times=2)
    assert delete_all() == 3
    assert wire.count("BatchWriteItem") == 3
    assert items("ActivityTable") == []


@pytest.mark.parametrize(
    ("failure", "attempts"),
    [
        (unprocessed(0), tables._ATTEMPTS),
        (faults.error("ThrottlingException"), tables._ATTEMPTS),
        (faults.unreachable, 1),
    ],
    ids=["unprocessed", "throttled", "unreachable"],
)
def test_items_that_cannot_be_deleted_raise(wire: Wire, failure: Callable[[], Answer], attempts: int) -> None:
    tables.write(puts(1))
    wire.fail(failure, on="BatchWriteItem")
    with pytest.raises(Unavailable):
        delete_all()
    assert wire.count("BatchWriteItem") == attempts
    assert len(items("ActivityTable")) == 1


# Values --------------------------------------------------------------------------------------------

KEY = {"userId": "user", "position": "0"}


def stored(value: Any) -> Any:
    """Store a value and read it back."""
    tables.write([Put(table=ACTIVITY, item={**KEY, "value": value})])
    item = ACTIVITY.get(KEY)
    assert item is not None
    return item["value"]


@pytest.mark.usefixtures("ministack")
@pytest.mark.parametrize(
    "value",
    [0, -1, 2**53, 0.1, -2.5, 1e-130, 9.9e125, 1.7976931348623157, 5e-100, 123456789.123456789, 3.0, 1e21],
)
def test_number_comes_back_as_the_same_number(value: float) -> None:
    assert stored(value) == value
    assert stored({"nested": [value]}) == {"nested": [value]}


@given(st.floats(min_value=1e-130, max_value=9e125) | st.floats(min_value=-9e125, max_value=-1e-130))
@settings(max_examples=200, deadline=None)
def test_any_float_is_the_same_after_a_round_trip(value: float) -> None:
    digits = Decimal(attributes.typed(value)["N"])
    # As DynamoDB writes it: without trailing zeros.
    assert attributes._plain(("N", f"{digits.normalize():f}")) == value
    assert len(digits.as_tuple().digits) <= 38


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e-131, 1e126, 2**53 + 1, -(2**53) - 1])
def test_number_that_dynamodb_cannot_hold_is_refused_before_the_call(wire: Wire, value: float) -> None:
    with pytest.raises(ValueError, match="DynamoDB cannot hold the number"):
        tables.write([Put(table=ACTIVITY, item={**KEY, "value": value})])
    assert wire.calls == []


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+3"), "1E+3"),
        (date(2026, 2, 28), "2026-02-28"),
        (datetime(2026, 2, 28, 12, 30, tzinfo=UTC), "2026-02-28T12:30:00+00:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_value_that_json_has_no_type_for_is_stored_as_text(value: Any, text: str) -> None:
    assert attributes.typed([value]) == {"L": [{"S": text}]}


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), object(), {1, 2}])
def test_value_that_is_not_json_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match=f"An attribute cannot hold the {type(value).__name__} "):
        attributes.typed(value)
