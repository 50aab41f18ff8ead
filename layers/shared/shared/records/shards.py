"""Shards: partitions over which items are spread at random, and from which they are listed together, newest first.

A partition accepts 1,000 write units a second, so a list whose items all go to one partition would bound how many can
be stored (DynamoDB, "Best practices for designing and using partition keys effectively"). A list reads all shards at
the same time, and merges them in the order of their sort key.
"""

from collections.abc import Sequence
from heapq import merge
from itertools import islice
from math import ceil, sqrt
from operator import itemgetter
from typing import NamedTuple

from shared.core.conditions import Condition, Key
from shared.core.tables import Item, Table, in_parallel

# The values of the attribute `shard`.
ALL = ("0", "1", "2", "3")


def of(record_id: str) -> str:
    """Return the shard of a record: one of four, by the last digit of its id."""
    return ALL[int(record_id[-1], 16) % len(ALL)]


class Order(NamedTuple):
    """The order of a list: that of the sort key of the table or of an index, or the reverse."""

    key: str
    index_name: str | None = None
    descending: bool = True


_NEWEST = Order("position")


def first(table: Table, partitions: Sequence[Condition], limit: int, order: Order = _NEWEST) -> list[Item]:
    """Return the first items of several partitions, merged; by default the newest.

    Each partition yields its items in order. It is read again only if the merge uses up its first page.
    """
    page_size, descending = _page_size(limit, len(partitions)), order.descending
    queries = [
        table.query(partition, index=order.index_name, page_size=page_size, newest_first=descending)
        for partition in partitions
    ]
    found = in_parallel(queries) if len(queries) > 1 else queries
    return list(islice(merge(*found, key=itemgetter(order.key), reverse=descending), limit))


def page(
    table: Table, partitions: Sequence[Condition], limit: int, *, after: str | None, order: Order = _NEWEST
) -> tuple[list[Item], str | None]:
    """Return a page of items, newest first, and the position after which the next page starts, or None.

    `order` must be descending. What is stored while pages are read is newer, so no page repeats or skips an item.
    """
    if after is not None:
        partitions = [partition & Key(order.key).lt(after) for partition in partitions]
    items = first(table, partitions, limit + 1, order)
    shown = items[:limit]
    return shown, shown[-1][order.key] if len(items) > limit else None


def _page_size(wanted: int, shards: int) -> int:
    """Return how many items to read from each shard, so that at most one page in a hundred needs another read.

    Items are spread over the shards at random, so the number in one shard is binomial: its mean, plus three standard
    deviations.
    """
    mean = wanted / shards
    return min(wanted, ceil(mean + 3 * sqrt(mean * (1 - 1 / shards))))
