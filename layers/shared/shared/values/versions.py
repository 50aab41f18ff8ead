"""Versions: which states of a record a caller is willing to replace (`If-Match`)."""

from typing import NamedTuple

from shared.core.errors import Stale


class Versions(NamedTuple):
    """The versions of a profile that a caller is willing to replace; None for any."""

    accepted: frozenset[int] | None = None

    def must_include(self, version: int) -> None:
        """Insist that the stored version is one of them.

        Raises:
            Stale: it is not.

        """
        if self.accepted is not None and version not in self.accepted:
            raise Stale
