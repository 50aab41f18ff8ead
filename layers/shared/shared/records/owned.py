"""Resources that belong to an account: rows that are removed when it is closed, and that its export shows.

A module of `shared.records` that stores such rows declares them once, as an `Owned`. `shared.accounts.resources` lists
all of them. Only the job that removes closed accounts and the export import that list, so that no other function loads
the modules in it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from shared.core.conditions import Key
from shared.core.tables import Item, Table, delete_all

# Every row has the id of its user in this attribute.
_OWNER = "ownerId"


class Owned(NamedTuple):
    """The rows of a table that belong to accounts.

    `name` is that of the list in the export, such as "notes". `key` has the names of the table's key attributes, such
    as ("ownerId", "id"). `index_name` is that of the index whose partition key is `ownerId`, or None if that is the
    table's own partition key. `public` returns what the export shows of a stored item, as JSON.
    """

    name: str
    table: Table
    key: tuple[str, ...]
    index_name: str | None
    public: Callable[[Item], Mapping[str, Any]]

    def of_user(self, user_id: str) -> Iterator[Mapping[str, Any]]:
        """Yield what the export shows of each of a user's rows, read page by page, in the order of their keys."""
        return map(self.public, self.table.query(Key(_OWNER).eq(user_id), index=self.index_name))

    def remove_all(self, user_id: str) -> Iterator[int]:
        """Delete all rows of a user, in steps. Yield the number of rows after each step: see `tables.delete_all`.

        An index may lag by about a second.
        """
        return delete_all(self.table, Key(_OWNER).eq(user_id), key=self.key, index=self.index_name)
