"""Two resources that accounts own, as `make resource` declares them, for the duration of a test."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from operations.privileges import Permissions
from shared.accounts import resources
from shared.core import aws
from shared.core.attributes import encoded
from shared.core.tables import Item, Table
from shared.records.owned import Owned
from tests.support import rights
from tests.support.aws import create_table


def _public(item: Item) -> Mapping[str, Any]:
    return {"id": item["id"], "text": item["text"]}


NOTES = Owned("notes", Table("owned_by_key_table"), ("ownerId", "id"), None, _public)
TASKS = Owned("tasks", Table("owned_by_index_table"), ("shard", "id"), "ByOwner", _public)

_TABLES: Mapping[str, Mapping[str, Any]] = {
    "OwnedByKeyTable": {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "ownerId", "AttributeType": "S"},
            {"AttributeName": "id", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "ownerId", "KeyType": "HASH"},
            {"AttributeName": "id", "KeyType": "RANGE"},
        ],
    },
    "OwnedByIndexTable": {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "shard", "AttributeType": "S"},
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "ownerId", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "shard", "KeyType": "HASH"},
            {"AttributeName": "id", "KeyType": "RANGE"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "ByOwner",
                "KeySchema": [
                    {"AttributeName": "ownerId", "KeyType": "HASH"},
                    {"AttributeName": "id", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    },
}
# What the template would grant: the reads to the job and to the export, the deletions to the job.
_READS = {("dynamodb:Query", "OwnedByKeyTable"), ("dynamodb:Query", "OwnedByIndexTable/index/ByOwner")}
_DELETES = {("dynamodb:BatchWriteItem", "OwnedByKeyTable"), ("dynamodb:BatchWriteItem", "OwnedByIndexTable")}
_RIGHTS = {"jobs/remove_closed_accounts": _READS | _DELETES, "auth/export": _READS}


@contextmanager
def registered() -> Iterator[None]:
    """Create the tables of the two resources, and list the resources as those of accounts, during the block."""
    granted = rights.granted

    def granted_too(providers: str = "ses") -> Permissions:
        return {folder: own | _RIGHTS.get(folder, set()) for folder, own in granted(providers).items()}

    with pytest.MonkeyPatch.context() as patch:
        # What these tests use of the two tables must not count for the whole run, in which the template lacks them.
        patch.setattr(rights, "USED", set())
        patch.setattr(rights, "granted", granted_too)
        patch.setattr(resources, "ALL", (NOTES, TASKS))
        patch.setenv("OWNED_BY_KEY_TABLE", "OwnedByKeyTable")
        patch.setenv("OWNED_BY_INDEX_TABLE", "OwnedByIndexTable")
        for name, properties in _TABLES.items():
            create_table(name, properties)
        try:
            yield
        finally:
            for name in _TABLES:
                boto3.client("dynamodb").delete_table(TableName=name)


def fill(user_id: str, rows: int, text: str = "") -> None:
    """Store as many rows of a user in each of the two tables, as `make resource` would."""
    for name in _TABLES:
        items = (
            {
                "ownerId": user_id,
                "id": f"{user_id}-{number:06}",
                "text": text,
                **({"shard": str(number % 4)} if name == "OwnedByIndexTable" else {}),
            }
            for number in range(rows)
        )
        puts = [{"PutRequest": {"Item": encoded(item)}} for item in items]
        for start in range(0, rows, 25):
            aws.dynamodb().batch_write_item(RequestItems={name: puts[start : start + 25]})  # type: ignore[dict-item]  # plain dictionaries
