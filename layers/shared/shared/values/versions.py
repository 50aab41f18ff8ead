"""Optimistic locking: which versions of a record a write may replace."""

from typing import NamedTuple

from shared.core.errors import Stale


class Versions(NamedTuple):
    """The versions of a record that a caller is willing to replace: those accepted, except those refused.

    None stands for all versions.
    """

    accepted: frozenset[int] | None = None
    refused: frozenset[int] | None = frozenset()

    def must_include(self, version: int) -> None:
        """Verify that the stored version is one of them.

        Raises:
            Stale: the caller's copy is out of date, or the caller did not expect the record to exist.

        """
        is_accepted = self.accepted is None or version in self.accepted
        is_refused = self.refused is None or version in self.refused
        if not is_accepted or is_refused:
            raise Stale


ANY = Versions()
