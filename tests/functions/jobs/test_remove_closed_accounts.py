"""The remove_closed_accounts job, and what closing an account leaves behind."""

import itertools
import random
import re
from collections.abc import Iterator

import pytest
import time_machine

from shared.core import clock, deadlines, tables
from shared.records import activity
from shared.values import emails
from shared.values.client import Client
from tests.support import PASSWORD, ROOT, owned, stored
from tests.support.api import Api, Context, Inbox, load
from tests.support.faults import PowerCut, Wire, unreachable
from tests.support.template import transformed_template

ADA = "ada@example.com"
ROW = re.compile(r"^\| `(\w+)` \|.*\| (at once|by the job|expires|stays)\b[^|]*\|$", re.MULTILINE)


def run() -> None:
    load("jobs/remove_closed_accounts").handler({}, Context())


def close(caller: Api) -> str:
    """Close the caller's account. Return its user id."""
    user_id = str(caller.get("/api/auth/me").json["data"]["user"]["id"])
    assert caller.delete(f"/api/users/{user_id}").status == 204
    return user_id


def owners() -> set[str]:
    return {entry["userId"] for entry in stored.items("ActivityTable")}


def sign_in_again(*callers: Api) -> None:
    """Let each caller sign in once more, which their activity shows."""
    for caller in callers:
        caller.signed_in(caller.get("/api/auth/me").json["data"]["user"]["email"], PASSWORD)


def test_activity_of_a_closed_account_is_removed_and_that_of_others_stays(ada: Api, ben: Api) -> None:
    sign_in_again(ada, ben)
    closed = close(ada)
    assert closed in owners()
    run()
    assert len(owners()) == 1
    assert closed not in owners()


def test_entry_of_a_call_in_flight_is_removed_a_minute_later(ada: Api) -> None:
    closed = close(ada)
    run()
    tables.write(activity.recording("login", closed, Client()))
    with time_machine.travel(clock.now() + clock.MINUTE):
        run()
    assert stored.items("ActivityTable") == stored.items("ClosuresTable") == []


def test_closure_stays_while_a_call_may_be_in_flight(ada: Api) -> None:
    close(ada)
    with time_machine.travel(clock.now() + clock.MINUTE - 5):
        run()
    assert len(stored.items("ClosuresTable")) == 1


def test_failure_delays_one_account_until_the_next_run_and_no_other(ada: Api, ben: Api, wire: Wire) -> None:
    sign_in_again(ada, ben)
    for caller in (ada, ben):
        close(caller)
    with time_machine.travel(clock.now() + clock.MINUTE):
        wire.fail(unreachable, on="BatchWriteItem", times=1)
        run()
        assert len(stored.items("ClosuresTable")) == len(owners()) == 1
        wire.reset()
        run()
    assert stored.items("ActivityTable") == stored.items("ClosuresTable") == []


# Rows that the account owned -----------------------------------------------------------------------

# More than two steps of each table.
MANY = 2 * 250 + 30


@pytest.fixture
def resources(fake_aws: None) -> Iterator[None]:  # noqa: ARG001  # holds their tables
    """Two resources that accounts own."""
    with owned.registered():
        yield


def rows_of(user_id: str) -> tuple[int, int]:
    """Return how many rows a user has in each of the two tables."""
    notes, tasks = (
        sum(row["ownerId"] == user_id for row in stored.items(name))
        for name in ("OwnedByKeyTable", "OwnedByIndexTable")
    )
    return notes, tasks


def closed_with_rows(caller: Api, rows: int) -> str:
    """Fill the two tables, and close the caller's account. Return its user id."""
    user_id = str(caller.get("/api/auth/me").json["data"]["user"]["id"])
    owned.fill(user_id, rows)
    return close(caller)


@pytest.mark.usefixtures("resources")
def test_rows_of_a_closed_account_are_removed_and_those_of_others_stay(ada: Api, wire: Wire) -> None:
    owned.fill("ben", 3)
    closed = closed_with_rows(ada, MANY)
    assert rows_of(closed) == (MANY, MANY)
    wire.reset()
    with time_machine.travel(clock.now() + clock.MINUTE):
        run()
    assert rows_of(closed) == (0, 0)
    assert rows_of("ben") == (3, 3)
    assert stored.items("ClosuresTable") == []
    # In batches of 25.
    assert wire.count("BatchWriteItem") == 2 * 22
    assert wire.count("DeleteItem") == 1


@pytest.mark.usefixtures("resources")
def test_row_of_a_call_in_flight_is_removed_a_minute_later(ada: Api) -> None:
    closed = closed_with_rows(ada, 1)
    run()
    owned.fill(closed, 1)
    with time_machine.travel(clock.now() + clock.MINUTE):
        run()
    assert rows_of(closed) == (0, 0)
    assert stored.items("ClosuresTable") == []


@pytest.mark.usefixtures("resources")
@pytest.mark.parametrize("calls", [5, 20, 40])
def test_run_after_a_killed_one_continues(ada: Api, wire: Wire, calls: int) -> None:
    closed = closed_with_rows(ada, MANY)
    # Batches are written at the same time, so this does not count with `wire.calls`.
    carried_out = itertools.count(1)

    def cut_power(_: str) -> None:
        if next(carried_out) == calls:
            raise PowerCut

    with time_machine.travel(clock.now() + clock.MINUTE):
        wire.after = cut_power
        with pytest.raises(PowerCut):
            run()
        wire.reset()
        assert len(stored.items("ClosuresTable")) == 1
        assert rows_of(closed) != (0, 0)
        run()
    assert rows_of(closed) == (0, 0)
    assert stored.items("ClosuresTable") == []


def run_with_time_for(turns: int) -> None:
    """Run the job, which has time for so many turns of an account."""
    left = iter([False] * turns)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deadlines, "has_passed", lambda: next(left, True))
        patch.setattr(deadlines, "check", lambda *_: None)
        run()


@pytest.mark.usefixtures("resources")
def test_run_whose_time_is_out_is_continued_by_the_next(ada: Api, caplog: pytest.LogCaptureFixture) -> None:
    closed = closed_with_rows(ada, MANY)
    with time_machine.travel(clock.now() + clock.MINUTE), caplog.at_level("INFO", "api_routes"):
        caplog.clear()
        run_with_time_for(2)
        assert rows_of(closed) == (MANY - 500, MANY)
        assert [record.getMessage() for record in caplog.records] == ["closed accounts wait for the next run"]
        run_with_time_for(3)
        assert rows_of(closed) == (0, 30)
        run()
    assert rows_of(closed) == (0, 0)
    assert stored.items("ClosuresTable") == []


@pytest.mark.usefixtures("resources")
def test_step_that_the_deadline_stops_has_not_failed(
    ada: Api, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = closed_with_rows(ada, 1)
    remove = owned.NOTES.remove_all
    passed = False

    def pass_deadline(user_id: str) -> Iterator[int]:
        nonlocal passed
        passed = True
        return remove(user_id)

    monkeypatch.setattr(type(owned.NOTES), "remove_all", lambda _, user_id: pass_deadline(user_id))
    monkeypatch.setattr(deadlines, "has_passed", lambda: passed)
    with caplog.at_level("INFO", "api_routes"):
        caplog.clear()
        run()
    assert [record.getMessage() for record in caplog.records] == ["closed accounts wait for the next run"]
    assert rows_of(closed) == (1, 1)


@pytest.mark.usefixtures("resources")
def test_account_with_many_rows_does_not_delay_others(ada: Api, ben: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    large, small = closed_with_rows(ada, MANY), closed_with_rows(ben, 1)
    # The worst order. The large account needs seven turns, the small one three.
    monkeypatch.setattr(random, "shuffle", lambda pending: pending.sort(key=lambda each: each.user_id != large))
    with time_machine.travel(clock.now() + clock.MINUTE):
        run_with_time_for(6)
    assert rows_of(small) == (0, 0)
    assert rows_of(large) == (0, MANY)
    assert [item["userId"] for item in stored.items("ClosuresTable")] == [large]


def test_registrations_of_before_are_removed_and_later_ones_stay(ada: Api, api: Api, wire: Wire) -> None:
    api.post("/api/auth/register", {"name": "Eve", "email": ADA, "password": PASSWORD})
    wire.fail(unreachable, on="DeleteItem")
    close(ada)
    assert len(stored.items("RegistrationsTable")) == 1
    wire.reset()
    with time_machine.travel(clock.now() + 5):
        api.post("/api/auth/register", {"name": "Ada", "email": ADA, "password": PASSWORD})
        run()
    assert [item["name"] for item in stored.items("RegistrationsTable")] == ["Ada"]


def test_documentation_says_what_is_left_of_a_closed_account(ada: Api, api: Api, inbox: Inbox) -> None:
    fates = dict(ROW.findall((ROOT / "docs" / "personal-data.md").read_text()))
    template = transformed_template()["Resources"]
    named = {name.removesuffix("Table") for name, each in template.items() if each["Type"] == "AWS::DynamoDB::Table"}
    assert fates.keys() == named

    api.post("/api/auth/register", {"name": "Eve", "email": ADA, "password": PASSWORD})
    api.post("/api/auth/forgot-password", {"email": ADA})
    api.post("/api/contact", {"name": "Ada", "email": ADA, "message": "Hello"})
    inbox.deliver()
    closed = close(ada)
    inbox.deliver()
    with time_machine.travel(clock.now() + clock.MINUTE):
        run()
    traces = (closed, ADA, emails.key(ADA))
    left = {name for name in named if any(trace in repr(stored.items(f"{name}Table")) for trace in traces)}
    assert {fates[name] for name in left} <= {"expires", "stays"}
    assert {"OneTimeTokens", "Outbox", "Submissions"} <= left
