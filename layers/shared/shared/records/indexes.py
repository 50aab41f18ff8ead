"""Indexes by which a listing can be filtered and sorted: one per field, each with the field's values as sortable text.

The index of `due` is named `ByDue`. Its sort key is the attribute `byDue`: the value as text that sorts as the values
do, and the record's id, so that keys are unique and a page can start after any of them. A record without a value has no
such attribute, and so is not in the index.
"""

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from shared.core.conditions import Condition, Key
from shared.core.tables import Item, Table
from shared.records import shards
from shared.records.shards import Order

if TYPE_CHECKING:
    from decimal import Decimal

Value: TypeAlias = "str | bool | float | Decimal"

# Between a value and an id: less than any character that a line of text may contain. The other is more than any id.
_END, _AFTER_IDS = "\x1f", "~"
# The least and the greatest key: DynamoDB allows 1,024 bytes.
_LOWEST, _HIGHEST = "\x01", "\U0010ffff" * 256
# Added to the exponent, so that it is positive and has three digits.
_EXPONENTS = 500
_COMPLEMENTS = str.maketrans("0123456789", "9876543210")


class Selection(NamedTuple):
    """Which records of an index to list: those with values from `low` to `high`, both included; None for no bound."""

    field: str
    low: "Value | None" = None
    high: "Value | None" = None
    descending: bool = False


def attributes(record_id: str, **values: "Value | None") -> Item:
    """Return the sort keys of a record's indexes: `byDue` for `due`. Fields are named as in JSON."""
    return {_attribute(name): sortable(value) + _END + record_id for name, value in values.items() if value is not None}


def page(
    table: Table, partitions: Sequence[Condition], selection: Selection, limit: int, *, after: str | None
) -> tuple[list[Item], str | None]:
    """Return a page of the selected records, in their order, and the key after which the next page starts, or None."""
    low = _LOWEST if selection.low is None else sortable(selection.low) + _END
    high = _HIGHEST if selection.high is None else sortable(selection.high) + _END + _AFTER_IDS
    if after is not None:
        low, high = (low, min(high, after)) if selection.descending else (max(low, after), high)
    if low > high:
        return [], None
    name = _attribute(selection.field)
    within = [partition & Key(name).between(low, high) for partition in partitions]
    order = Order(name, name[:1].upper() + name[1:], selection.descending)
    # A range includes its bounds, so it may have the record that the page starts after.
    items = [item for item in shards.first(table, within, limit + 2, order) if item[name] != after]
    shown = items[:limit]
    return shown, shown[-1][name] if len(items) > limit else None


def _attribute(field: str) -> str:
    return f"by{field[:1].upper()}{field[1:]}"


def sortable(value: "Value") -> str:
    """Return a value as text. The texts of two values of one type compare as the values do."""
    match value:
        case str():
            return value
        case bool():
            return str(int(value))
        case int() | float():
            (bits,) = struct.unpack(">Q", struct.pack(">d", value))
            # IEEE 754: as whole numbers, the bits of positive numbers sort alike, those of negative ones in reverse.
            return f"{bits ^ (2**64 - 1 if bits >> 63 else 2**63):016x}"
        case _:
            return _sortable_decimal(value)


def _sortable_decimal(value: "Decimal") -> str:
    sign, digits, _ = value.as_tuple()
    if not value:
        return "1"
    magnitude = f"{value.adjusted() + _EXPONENTS:03}{''.join(map(str, digits)).rstrip('0')}"
    # The last character is more than any digit: of two negative numbers, the one with more digits is less.
    return f"2{magnitude}" if not sign else f"0{magnitude.translate(_COMPLEMENTS)}~"
