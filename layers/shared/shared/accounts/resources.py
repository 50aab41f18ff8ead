"""Everything that accounts own besides their own records: see `shared.records.owned`."""

from shared.records.owned import Owned

ALL: tuple[Owned, ...] = (
    # A line for each module of `shared.records` that has some, such as `notes.OWNED,`.
)
