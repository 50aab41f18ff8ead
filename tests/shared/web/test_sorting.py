"""The parameters of listings that have indexes."""

import base64
from typing import Any, Literal

import pytest

from shared.core.errors import InvalidCursor, InvalidInput
from shared.records.indexes import Selection
from shared.values.types import Date, WholeNumber
from shared.web.api import Api
from shared.web.pages import page
from shared.web.request import Request
from shared.web.sorting import SortedPaging

API = Api("/api/made-up")


class Search(SortedPaging):
    """A listing with two indexes."""

    due_at: Date | None = None
    due_at_from: Date | None = None
    due_at_to: Date | None = None
    stars: WholeNumber | None = None
    sort: Literal["dueAt", "-dueAt", "stars", "-stars"] | None = None


def search(**query: str) -> Search:
    return Search.from_request(Request({"queryStringParameters": query}))


@pytest.mark.parametrize(
    ("query", "selection"),
    [
        ({}, None),
        ({"limit": "5"}, None),
        ({"sort": "dueAt"}, Selection("dueAt")),
        ({"sort": "-dueAt"}, Selection("dueAt", descending=True)),
        ({"dueAt": "2026-08-04"}, Selection("dueAt", "2026-08-04", "2026-08-04", descending=True)),
        ({"dueAt": "2026-08-04", "sort": "dueAt"}, Selection("dueAt", "2026-08-04", "2026-08-04")),
        ({"dueAt_from": "2026-08-04"}, Selection("dueAt", "2026-08-04", None)),
        (
            {"dueAt_from": "2026-08-04", "dueAt_to": "2026-09-01", "sort": "-dueAt"},
            Selection("dueAt", "2026-08-04", "2026-09-01", descending=True),
        ),
        ({"stars": "0", "sort": "-stars"}, Selection("stars", 0, 0, descending=True)),
    ],
)
def test_query_selects_from_one_index(query: dict[str, str], selection: Selection | None) -> None:
    assert search(**query).selection() == selection


@pytest.mark.parametrize("query", [{"dueAt": "2026-08-04", "stars": "1"}, {"stars": "1", "sort": "dueAt"}])
def test_two_indexes_at_a_time_are_refused(query: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="Only one of dueAt, stars can be used at a time"):
        search(**query).selection()


@pytest.mark.parametrize("end", ["dueAt_from", "dueAt_to"])
def test_value_and_range_at_a_time_are_refused(end: str) -> None:
    with pytest.raises(InvalidInput, match="Use dueAt, or dueAt_from and dueAt_to"):
        search(dueAt="2026-08-04", **{end: "2026-08-01"}).selection()


@pytest.mark.parametrize("query", [{"sort": "title"}, {"dueAt_from": "soon"}, {"stars": "many"}])
def test_wrong_parameter_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        search(**query)


def test_cursor_leads_on_in_the_same_selection_alone() -> None:
    """Here without a session, as in a list that anyone may read."""
    first = search(stars="1")
    body: Any = page(API, [], first, "position", None).body
    cursor = body["nextCursor"]
    assert search(stars="1", limit="7", cursor=cursor).position(API, None) == "position"
    for other in (search(cursor=cursor), search(stars="2", cursor=cursor), search(sort="stars", cursor=cursor)):
        with pytest.raises(InvalidCursor):
            other.position(API, None)
    with pytest.raises(InvalidCursor):
        search(stars="1", cursor=cursor).position(Api("/api/other"), None)


@pytest.mark.parametrize("position", [b"", b"\xff", b"a" * 1025])
def test_forged_cursor_of_a_public_listing_is_refused(position: bytes) -> None:
    """Anyone can make the seal of a listing without a session."""
    query = search()
    cursor = base64.urlsafe_b64encode(query.seal(API, None, position) + position).decode()
    with pytest.raises(InvalidCursor):
        search(cursor=cursor).position(API, None)


def test_link_to_the_next_page_keeps_the_selection() -> None:
    response: Any = page(API, [], search(dueAt_from="2026-08-04", limit="5"), "position", None)
    assert response.headers["Link"].startswith("</api/made-up?dueAt_from=2026-08-04&limit=5&cursor=")
