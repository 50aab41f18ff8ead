"""`make restore` copies the items of a restored table back."""

from collections.abc import Iterator

import boto3
import pytest

from operations import restore
from operations.stack import Stack
from tests.support.aws import create_table


@pytest.fixture
def restored(fake_aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:  # noqa: ARG001  # the stack's table
    """A restored copy of the suppressions table, whose original has since lost, changed and gained items."""
    monkeypatch.setattr(Stack, "physical_name", lambda _, resource: resource)
    create_table(
        "restored",
        {
            "AttributeDefinitions": [{"AttributeName": "email", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "email", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    )
    for table, items in {
        "restored": {"lost": "a", "damaged": "b", "kept": "c"},
        "SuppressionsTable": {"damaged": "x", "kept": "c", "later": "d"},
    }.items():
        for email, reason in items.items():
            boto3.client("dynamodb").put_item(TableName=table, Item={"email": {"S": email}, "reason": {"S": reason}})
    yield "restored"
    boto3.client("dynamodb").delete_table(TableName="restored")


def test_lost_and_damaged_items_are_copied_and_later_ones_stay(
    restored: str, capsys: pytest.CaptureFixture[str]
) -> None:
    restore.main("default", "SuppressionsTable", restored)
    items = boto3.client("dynamodb").scan(TableName="SuppressionsTable")["Items"]
    assert {item["email"]["S"]: item["reason"]["S"] for item in items} == {
        "lost": "a",
        "damaged": "b",
        "kept": "c",
        "later": "d",
    }
    assert capsys.readouterr().out == "2 items copied into SuppressionsTable; 1 were unchanged.\n"


def test_second_restore_writes_nothing(restored: str) -> None:
    restore.main("default", "SuppressionsTable", restored)
    assert restore.copy(restored, "SuppressionsTable") == (0, 3)
