"""Two resources with 10,000 rows each of one account, in a table by owner and in one with an index of owners."""

import itertools
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from shared.core import aws, clock
from tests.support import owned
from tests.support.api import Api, Context, load
from tests.support.faults import PowerCut, Wire

pytestmark = pytest.mark.thorough

ROWS = 10_000
# So that the export is over 5 MB.
TEXT = "A text that makes each row as long as a short note is. " * 6


@pytest.fixture
def fake_aws(ministack: None) -> Iterator[None]:  # noqa: ARG001  # replaces moto
    """The template's tables in MiniStack, and two resources that accounts own."""
    with owned.registered():
        yield


def count(table: str, user_id: str) -> int:
    pages = aws.dynamodb().get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return sum(item["ownerId"]["S"] == user_id for page in pages for item in page["Items"])


def rows_of(user_id: str) -> tuple[int, int]:
    return count("OwnedByKeyTable", user_id), count("OwnedByIndexTable", user_id)


def id_of(caller: Api) -> str:
    return str(caller.get("/api/auth/me").json["data"]["user"]["id"])


def run() -> None:
    load("jobs/remove_closed_accounts").handler({}, Context())


def test_all_rows_are_exported_as_a_file_that_the_link_brings(ada: Api, ben: Api) -> None:
    user_id = id_of(ada)
    owned.fill(user_id, ROWS, TEXT)
    owned.fill(id_of(ben), 10, "Ben's")
    reply = ada.get("/api/auth/export")
    assert reply.status == 303
    with urllib.request.urlopen(reply.headers["location"]) as answer:  # noqa: S310  # ours, on loopback
        content, headers = answer.read(), answer.headers
    assert len(content) > 5_000_000
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["Content-Disposition"] == 'attachment; filename="export.json"'
    assert headers["Cache-Control"] == "no-store"
    found = json.loads(content)
    rows = [{"id": f"{user_id}-{number:06}", "text": TEXT} for number in range(ROWS)]
    assert found["data"]["resources"] == {"notes": rows, "tasks": rows}
    assert found["data"]["user"]["id"] == user_id
    small = ben.get("/api/auth/export")
    assert small.status == 200
    assert [len(own) for own in small.json["data"]["resources"].values()] == [10, 10]


def test_all_rows_of_a_closed_account_are_removed_however_often_the_job_is_killed(ada: Api, wire: Wire) -> None:
    closed = id_of(ada)
    owned.fill(closed, ROWS, TEXT)
    owned.fill("ben", 10, TEXT)
    assert ada.delete(f"/api/users/{closed}").status == 204
    before = (ROWS, ROWS)
    with time_machine.travel(clock.now() + clock.MINUTE):
        for _ in range(3):
            cut_power_after(wire, 150)
            with pytest.raises(PowerCut):
                run()
            wire.reset()
            left = rows_of(closed)
            assert left < before
            before = left
        run()
    assert rows_of(closed) == (0, 0)
    assert rows_of("ben") == (10, 10)
    assert aws.dynamodb().scan(TableName="ClosuresTable")["Items"] == []


def cut_power_after(wire: Wire, calls: int) -> None:
    """Cut the power after this many calls, some of which are made at the same time."""
    carried_out = itertools.count(1)

    def after(_: Any) -> None:
        if next(carried_out) == calls:
            raise PowerCut

    wire.after = after
