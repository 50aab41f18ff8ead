"""What CloudFormation keeps of a stack, by its events. `make rehearse` reads those of MiniStack."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from operations import retained
from operations.retained import QUEUE, TABLE, Retained


def event(name: str, status: str, *, kind: str = TABLE, id_: str | None = None) -> dict[str, str]:
    return {
        "LogicalResourceId": name,
        "ResourceType": kind,
        "PhysicalResourceId": id_ or f"the-{name}",
        "ResourceStatus": status,
    }


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The pages that CloudFormation answers."""
    given: list[dict[str, Any]] = []
    paginator = SimpleNamespace(paginate=lambda **_: iter(given))
    monkeypatch.setattr(boto3, "client", lambda _: SimpleNamespace(get_paginator=lambda _: paginator))
    monkeypatch.setattr(retained, "_exists", lambda each: each.name != "Gone")
    return given


def test_resource_is_retained_if_its_last_event_says_so_and_it_still_exists(pages: list[dict[str, Any]]) -> None:
    newest_first = [
        event("Users", "DELETE_SKIPPED"),
        event("Gone", "DELETE_SKIPPED"),
        event("Sessions", "DELETE_COMPLETE"),
        event("Queue", "DELETE_SKIPPED", kind=QUEUE),
        event("FunctionVersion", "DELETE_SKIPPED", kind="AWS::Lambda::Version"),
        event("Users", "CREATE_COMPLETE"),
        # Its predecessor was retained when it was replaced.
        event("Replaced", "DELETE_COMPLETE", id_="new"),
        event("Replaced", "DELETE_SKIPPED", id_="old"),
    ]
    pages.extend([{"StackEvents": newest_first[:3]}, {"StackEvents": newest_first[3:]}])
    assert retained.of("stack") == [Retained("Queue", QUEUE, "the-Queue"), Retained("Users", TABLE, "the-Users")]


@pytest.mark.parametrize(
    ("left", "found"),
    [
        ({"first": TABLE, "second": TABLE}, "second"),
        # The second failed, and was discarded or left no table.
        ({"first": TABLE}, "first"),
        ({"first": TABLE, "second": QUEUE}, "first"),
        ({"other": TABLE}, None),
        ({}, None),
    ],
)
def test_deleted_stack_is_the_last_one_of_this_name_that_left_tables(
    pages: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, left: dict[str, str], found: str | None
) -> None:
    def stack(name: str, id_: str, day: int) -> dict[str, Any]:
        return {"StackName": name, "StackId": id_, "CreationTime": datetime(2026, 1, day, tzinfo=UTC)}

    deleted = [stack("shop", "first", 1), stack("shop", "second", 3), stack("shop-dev", "other", 5)]
    pages.extend([{"StackSummaries": deleted[:2]}, {"StackSummaries": deleted[2:]}])
    remains = {id_: [Retained("Any", kind, "an-id")] for id_, kind in left.items()}
    monkeypatch.setattr(retained, "of", lambda id_: remains.get(id_, []))
    assert retained.of_deleted("shop") == ((found, remains[found]) if found else None)


def test_without_a_deleted_stack_there_is_nothing(pages: list[dict[str, Any]]) -> None:
    pages.append({"StackSummaries": []})
    assert retained.of_deleted("shop") is None
