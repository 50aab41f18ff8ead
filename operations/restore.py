"""`make restore`: copy the items of a restored table back into the stack's table.

DynamoDB restores only into a new table, but the functions use the stack's. Items that are equal in both are skipped;
items that exist only in the stack's table stay. After a failure it can be run again.
"""

import argparse
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from operations.stack import OperationError, Stack

_PROGRESS_INTERVAL = 1000


def main(stage: str, table: str, source: str) -> None:
    """Copy the table `source` into the stack's `table`. Raises OperationError if a call of AWS fails."""
    try:
        target = Stack.of_stage(stage).physical_name(table)
        copied, unchanged = copy(source, target)
    except (BotoCoreError, ClientError) as problem:
        raise OperationError(f"{problem}. Items copied so far stay; fix the cause and run it again.") from problem
    print(f"{copied} items copied into {target}; {unchanged} were unchanged.")


def copy(source: str, target: str) -> tuple[int, int]:
    """Copy the items of one table into another. Returns how many were copied and how many were already equal."""
    client = boto3.client("dynamodb")
    keys = [part["AttributeName"] for part in client.describe_table(TableName=target)["Table"]["KeySchema"]]
    copied = unchanged = 0
    for page in client.get_paginator("scan").paginate(TableName=source, ConsistentRead=True):
        for item in page["Items"]:
            key = {name: item[name] for name in keys}
            if client.get_item(TableName=target, Key=key, ConsistentRead=True).get("Item") == item:
                unchanged += 1
            else:
                client.put_item(TableName=target, Item=item)
                copied += 1
            if (copied + unchanged) % _PROGRESS_INTERVAL == 0:
                print(f"{copied + unchanged} items", flush=True)
    return copied, unchanged


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make restore", description="Copy the items of a restored table back.")
    parser.add_argument("--stage", default="default")
    parser.add_argument("table", help="the table's name in template.yaml, for example UsersTable")
    parser.add_argument("source", help="the name of the restored table")
    arguments = parser.parse_args()
    try:
        main(arguments.stage, arguments.table, arguments.source)
    except OperationError as problem:
        sys.exit(str(problem))
