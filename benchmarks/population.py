"""Users by the hundred thousand: profiles, credentials and sessions as signing up and in would leave them.

They come in as DynamoDB itself takes so many: ImportTable, from a file in S3. MiniStack takes a minute and a half for
the 300,000 items of 100,000 users.
"""

import base64
import json
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import boto3

from shared.core.tables import Item, Put, Table
from shared.records import credentials, sessions, users
from shared.values.client import Client

_BUCKET = "population"
_PARAMETERS = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
_CLIENT = Client(ip="192.0.2.7", user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")


def populate(number: int, templates: Mapping[str, Mapping[str, Any]]) -> None:
    """Make the tables of profiles, credentials and sessions anew, with so many users in them; say how far it is.

    `templates` has the properties of tables by their names, as the template gives them.
    """
    made: dict[Table, list[str]] = {users.USERS: [], credentials.CREDENTIALS: [], sessions.SESSIONS: []}
    for position in range(number):
        for table, item in _user(position):
            _, parameters = Put(table=table, item=item).request()
            made[table].append(json.dumps({"Item": parameters["Item"]}, default=_text))
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for table, lines in made.items():
        s3.put_object(Bucket=_BUCKET, Key=table.name, Body="\n".join(lines))
        _delete(table.name)
        _import(
            table.name, {name: templates[table.name][name] for name in _PARAMETERS if name in templates[table.name]}
        )
        s3.delete_object(Bucket=_BUCKET, Key=table.name)
    s3.delete_bucket(Bucket=_BUCKET)


def _delete(table: str) -> None:
    client = boto3.client("dynamodb")
    if client.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled"):
        client.update_table(TableName=table, DeletionProtectionEnabled=False)
    client.delete_table(TableName=table)


def _import(table: str, parameters: dict[str, Any]) -> None:
    client: Any = boto3.client("dynamodb")  # the template's properties have no types
    told = client.import_table(
        S3BucketSource={"S3Bucket": _BUCKET, "S3KeyPrefix": table},
        InputFormat="DYNAMODB_JSON",
        TableCreationParameters={"TableName": table, **parameters},
    )["ImportTableDescription"]
    while told["ImportStatus"] == "IN_PROGRESS":
        time.sleep(0.2)
        told = client.describe_import(ImportArn=told["ImportArn"])["ImportTableDescription"]
        print(f"\r{table}: {told['ImportedItemCount']} items", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    if told["ImportStatus"] != "COMPLETED":
        raise SystemExit(f"{table} could not be imported: {told['FailureMessage']}")


def _user(number: int) -> Iterator[tuple[Table, Item]]:
    email = f"user{number}@example.com"
    user = users.new(name=f"User {number}", email=email, role="user", email_verified=True)
    # As long as a real hash.
    credential = credentials.new(email=email, user_id=user.id, password_hash="-" * 82, verified=True)
    yield users.USERS, user.item()
    yield credentials.CREDENTIALS, credential.item()
    yield sessions.SESSIONS, sessions.new(user, _CLIENT).item()


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
