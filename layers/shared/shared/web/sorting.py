"""Listings that can be filtered and sorted by an index, with the parameters that select from it."""

from shared.core.errors import InvalidInput
from shared.records.indexes import Selection
from shared.web.inputs import RANGE, query_name
from shared.web.pages import OF_EVERY_PAGE, Paging


class SortedPaging(Paging):
    """The requested page of a listing that has indexes.

    A subclass declares `sort`, and for an index of `due` the fields `due`, `due_from` and `due_to`, or some of them.
    """

    sort: str | None = None

    def selection(self) -> Selection | None:
        """Return the part of an index that the query asks for; None if it asks for everything, newest first.

        Unless `sort` says otherwise, records with one value are listed newest first, and a range in its order.

        Raises:
            InvalidInput: it needs two indexes, since DynamoDB reads one; or it has a value and a range.

        """
        given = {name: value for name, value in vars(self).items() if value is not None and name not in OF_EVERY_PAGE}
        sort = given.pop("sort", "")
        names = {_indexed(name) for name in given} | ({sort.lstrip("-")} if sort else set())
        if len(names) > 1:
            raise InvalidInput(f"Only one of {', '.join(sorted(names))} can be used at a time")
        if not names:
            return None
        (name,) = names
        ends = {parameter.removeprefix(_base(parameter)): value for parameter, value in given.items()}
        value = ends.pop("", None)
        if value is not None and ends:
            raise InvalidInput(f"Use {name}, or {' and '.join(name + end for end in RANGE)}")
        if value is not None:
            return Selection(name, value, value, descending=sort != name)
        low, high = map(ends.get, RANGE)
        return Selection(name, low, high, descending=sort.startswith("-"))


def _base(name: str) -> str:
    """Return `due` for `due_from`."""
    return next((name.removesuffix(end) for end in RANGE if name.endswith(end)), name)


def _indexed(name: str) -> str:
    """Return the name of the index that a parameter uses, as in JSON."""
    return query_name(_base(name))
