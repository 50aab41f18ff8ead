"""Everything that accounts own besides their own records: see `shared.records.owned`."""

from shared.records.owned import Owned

OWNED: tuple[Owned, ...] = (
    # One name per line, sorted: such as `NOTES,` for `from shared.records.notes import NOTES`.
)
