"""Indexes of records: sortable text, and pages of what a query selects."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.conditions import Key
from shared.core.tables import Put, Table, write
from shared.records import indexes, shards
from shared.records.indexes import Selection, sortable
from tests.support.aws import create_table

TABLE = Table("indexed_table")
PARTITIONS = [Key("shard").eq(shard) for shard in shards.ALL]
_KEYS = [{"AttributeName": "shard", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}]
_PROPERTIES = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"} for name in ("shard", "id", "byPrice", "byTitle")
    ],
    "KeySchema": _KEYS,
    "GlobalSecondaryIndexes": [
        {
            "IndexName": name,
            "KeySchema": [_KEYS[0], {"AttributeName": f"b{name[1:]}", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "ALL"},
        }
        for name in ("ByPrice", "ByTitle")
    ],
}
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**37), max_value=10**37, places=1) | (
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-10, max_value=10, places=30)
)


@given(st.lists(st.floats(allow_nan=False) | st.integers(-(2**53), 2**53), min_size=2))
def test_numbers_sort_as_text(numbers: list[float]) -> None:
    # As they are stored: see values.types.real.
    numbers = [number + 0.0 for number in numbers]
    assert sorted(numbers) == sorted(numbers, key=sortable)


@given(st.lists(DECIMALS, min_size=2))
def test_decimals_sort_as_text(numbers: list[Decimal]) -> None:
    assert sorted(numbers) == sorted(numbers, key=sortable)


def test_equal_values_have_equal_texts() -> None:
    assert sortable(Decimal("12.50")) == sortable(Decimal("12.5"))
    assert sortable(3) == sortable(3.0)
    assert [sortable(value) for value in (False, True)] == ["0", "1"]


@pytest.fixture
def table(fake_aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: ARG001  # moto is running
    """A table with the indexes of a price and a title, in four shards."""
    monkeypatch.setenv("INDEXED_TABLE", "IndexedTable")
    create_table("IndexedTable", _PROPERTIES)
    yield
    boto3.client("dynamodb").delete_table(TableName="IndexedTable")


def store(number: int, **values: Any) -> str:
    record_id = f"{number:032x}"
    item = {"shard": shards.of(record_id), "id": record_id, **indexes.attributes(record_id, **values)}
    write(Put(table=TABLE, item=item))
    return record_id


def everything(selection: Selection, limit: int) -> list[str]:
    """Return the ids of all pages."""
    found: list[str] = []
    after = None
    for _ in range(1000):
        items, after = indexes.page(TABLE, PARTITIONS, selection, limit, after=after)
        assert len(items) <= limit
        found += [item["id"] for item in items]
        if after is None:
            return found
    raise AssertionError("the pages do not end")


PRICES = ["9", "10", "9.5", "-3", "10.0", "0", "-3.25", "9.50"]


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_of_any_size_hold_all_records_in_order(limit: int, descending: bool) -> None:  # noqa: FBT001  # a case
    stored = [(Decimal(price), store(number, price=Decimal(price))) for number, price in enumerate(PRICES)]
    store(99)
    found = everything(Selection("price", descending=descending), limit)
    assert found == [record_id for _, record_id in sorted(stored, reverse=descending)]


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        ("9.5", "9.5", ["9.5", "9.50"]),
        ("9.5", None, ["9.5", "9.50", "10", "10.0"]),
        (None, "0", ["-3.25", "-3", "0"]),
        ("-3", "9", ["-3", "0", "9"]),
        ("11", None, []),
        ("5", "4", []),
    ],
)
def test_range_includes_its_bounds(low: str | None, high: str | None, expected: Sequence[str]) -> None:
    prices = {store(number, price=Decimal(price)): price for number, price in enumerate(PRICES)}
    least, most = (None if bound is None else Decimal(bound) for bound in (low, high))
    for limit in (1, 2, 100):
        assert [prices[record_id] for record_id in everything(Selection("price", least, most), limit)] == expected
        down = everything(Selection("price", least, most, descending=True), limit)
        assert [Decimal(prices[record_id]) for record_id in down] == [Decimal(price) for price in expected[::-1]]


@pytest.mark.usefixtures("table")
def test_text_equals_itself_and_not_what_it_begins() -> None:
    last = "\U0010ffff" * 200
    stored = ["a", "a b", "ab", "A", "a", last, "ä"]
    titles = {store(number, title=title): title for number, title in enumerate(stored)}
    assert [titles[found] for found in everything(Selection("title", "a", "a"), 10)] == ["a", "a"]
    assert [titles[found] for found in everything(Selection("title"), 10)] == [
        "A",
        "a",
        "a",
        "a b",
        "ab",
        "ä",
        "\U0010ffff" * 200,
    ]


@pytest.mark.usefixtures("table")
def test_record_that_is_deleted_between_pages_loses_no_other() -> None:
    for number in range(4):
        store(number, price=number)
    items, after = indexes.page(TABLE, PARTITIONS, Selection("price"), 2, after=None)
    boto3.client("dynamodb").delete_item(
        TableName="IndexedTable", Key={name: {"S": items[-1][name]} for name in ("shard", "id")}
    )
    rest, end = indexes.page(TABLE, PARTITIONS, Selection("price"), 2, after=after)
    assert ([item["id"][-1] for item in rest], end) == (["2", "3"], None)
