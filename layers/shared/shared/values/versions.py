"""Versions: the versions of a record that a caller is willing to replace (`If-Match`)."""

from typing import NamedTuple

from shared.core.errors import Stale


class Versions(NamedTuple):
    """The versions of a record that a caller is willing to replace. None accepts any version."""

    accepted: frozenset[int] | None = None

    def must_include(self, version: int) -> None:
        """Verify that the stored version is one of them.

        Raises:
            Stale: the caller's copy is out of date.

        """
        if self.accepted is not None and version not in self.accepted:
            raise Stale
