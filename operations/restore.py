"""`make restore`: put what a restored table holds back into the stack's table of the same kind.

DynamoDB restores to a new table only, and the functions know the stack's. Items that are alike are left alone; items
that came later, and are in the stack's table only, stay. Run it again after a failure: it goes on where it is needed.
"""

import argparse
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from operations.stack import OperationError, Stack

_TOLD_EVERY = 1000


def main(stage: str, table: str, source: str) -> None:
    """Copy from the table `source` into the stack's `table`. Raises OperationError when AWS refuses."""
    try:
        target = Stack.of_stage(stage).physical_name(table)
        copied, alike = copy(source, target)
    except (BotoCoreError, ClientError) as problem:
        raise OperationError(f"{problem}. What was copied stays; run it again when that is mended.") from problem
    print(f"{copied} items put back into {target}; {alike} were there as they are.")


def copy(source: str, target: str) -> tuple[int, int]:
    """Put the items of one table into another; give how many were put, and how many were alike already."""
    client = boto3.client("dynamodb")
    keys = [part["AttributeName"] for part in client.describe_table(TableName=target)["Table"]["KeySchema"]]
    copied = alike = 0
    for page in client.get_paginator("scan").paginate(TableName=source, ConsistentRead=True):
        for item in page["Items"]:
            key = {name: item[name] for name in keys}
            if client.get_item(TableName=target, Key=key, ConsistentRead=True).get("Item") == item:
                alike += 1
            else:
                client.put_item(TableName=target, Item=item)
                copied += 1
            if (copied + alike) % _TOLD_EVERY == 0:
                print(f"{copied + alike} items", flush=True)
    return copied, alike


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make restore", description="Put a restored table's items back.")
    parser.add_argument("--stage", default="default")
    parser.add_argument("table", help="the table in template.yaml, as UsersTable")
    parser.add_argument("source", help="the name of the restored table")
    arguments = parser.parse_args()
    try:
        main(arguments.stage, arguments.table, arguments.source)
    except OperationError as problem:
        sys.exit(str(problem))
