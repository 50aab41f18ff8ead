"""Users by the hundred thousand: profiles, credentials and sessions as registering and signing in leave them.

They are imported with DynamoDB's own ImportTable from S3: writing them one by one would take much longer.
"""

import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import boto3

from benchmarks.cloud import typed_json
from shared.core.tables import Item, Table
from shared.records import credentials, sessions, users
from shared.values.client import Client

_BUCKET = "population"
_PARAMETERS = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
_CLIENT = Client(ip="192.0.2.7", user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")


def populate(number: int, templates: Mapping[str, Mapping[str, Any]]) -> None:
    """Recreate the tables of profiles, credentials and sessions with this number of users, and print the progress.

    `templates` are the properties of all tables by name, as the template declares them.
    """
    lines: dict[Table, list[str]] = {users.USERS: [], credentials.CREDENTIALS: [], sessions.SESSIONS: []}
    for position in range(number):
        for table, item in _user(position):
            lines[table].append(f'{{"Item": {typed_json(table, item)}}}')
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for table, items in lines.items():
        s3.put_object(Bucket=_BUCKET, Key=table.name, Body="\n".join(items))
        properties = templates[table.name]
        _replace(table.name, {name: properties[name] for name in _PARAMETERS if name in properties})
        s3.delete_object(Bucket=_BUCKET, Key=table.name)
    s3.delete_bucket(Bucket=_BUCKET)


def _replace(table: str, parameters: dict[str, Any]) -> None:
    client: Any = boto3.client("dynamodb")  # the template's properties have no types
    client.update_table(TableName=table, DeletionProtectionEnabled=False)
    client.delete_table(TableName=table)
    state = client.import_table(
        S3BucketSource={"S3Bucket": _BUCKET, "S3KeyPrefix": table},
        InputFormat="DYNAMODB_JSON",
        TableCreationParameters={"TableName": table, **parameters},
    )["ImportTableDescription"]
    while state["ImportStatus"] == "IN_PROGRESS":
        time.sleep(0.2)
        state = client.describe_import(ImportArn=state["ImportArn"])["ImportTableDescription"]
        print(f"\r{table}: {state['ImportedItemCount']} items", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    if state["ImportStatus"] != "COMPLETED":
        raise SystemExit(f"The import of {table} failed: {state['FailureMessage']}")


def _user(number: int) -> Iterator[tuple[Table, Item]]:
    email = f"user{number}@example.com"
    user = users.new(name=f"User {number}", email=email, role="user", email_verified=True)
    # As long as a real hash.
    credential = credentials.new(email=email, user_id=user.id, password_hash="-" * 82)
    yield users.USERS, user.item()
    yield credentials.CREDENTIALS, credential.item()
    yield sessions.SESSIONS, sessions.new(user, _CLIENT).item()
