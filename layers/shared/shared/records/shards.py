"""Shards: partitions over which items are spread at random, and from which they are listed together, newest first.

A partition accepts 1,000 write units a second, so a list whose items all go to one partition would bound how many can
be stored (DynamoDB, "Best practices for designing and using partition keys effectively"). In each shard, the sort key
is `position`, which is unique and sorts by time. A list reads all shards at the same time, and merges them.
"""

from collections.abc import Sequence
from heapq import merge
from itertools import islice
from math import ceil, sqrt
from operator import itemgetter

from shared.core.conditions import Condition, Key
from shared.core.tables import Item, Table, in_parallel


def newest(table: Table, shards: Sequence[Condition], limit: int, *, index: str | None = None) -> list[Item]:
    """Return the newest items of all shards, newest first.

    Each shard yields its newest items in order. It is read again only if the merge uses up its first page.
    """
    page_size = _page_size(limit, len(shards))
    found = in_parallel(table.query(shard, index=index, page_size=page_size, newest_first=True) for shard in shards)
    return list(islice(merge(*found, key=itemgetter("position"), reverse=True), limit))


def page(
    table: Table, shards: Sequence[Condition], limit: int, *, before: str | None, index: str | None = None
) -> tuple[list[Item], str | None]:
    """Return a page of items, newest first, and the position after which the next page starts, or None.

    The page starts after the position `before`. What is stored while pages are read is newer, so no page repeats or
    skips an item.
    """
    if before is not None:
        shards = [shard & Key("position").lt(before) for shard in shards]
    items = newest(table, shards, limit + 1, index=index)
    shown = items[:limit]
    return shown, shown[-1]["position"] if len(items) > limit else None


def _page_size(wanted: int, shards: int) -> int:
    """Return how many items to read from each shard, so that at most one page in a hundred needs another read.

    Items are spread over the shards at random, so the number in one shard is binomial: its mean, plus three standard
    deviations.
    """
    mean = wanted / shards
    return min(wanted, ceil(mean + 3 * sqrt(mean * (1 - 1 / shards))))
