"""The remove_closed_accounts job, and what closing an account leaves behind."""

import re

import time_machine

from shared.core import clock, tables
from shared.records import activity
from shared.values import emails
from shared.values.client import Client
from tests.support import PASSWORD, ROOT, stored
from tests.support.api import Api, Context, Inbox, load
from tests.support.faults import Wire, unreachable
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
        wire.fail(unreachable, on="DeleteItem", times=1)
        run()
        assert len(stored.items("ClosuresTable")) == len(owners()) == 1
        wire.reset()
        run()
    assert stored.items("ActivityTable") == stored.items("ClosuresTable") == []


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
