"""`make discard`: delete a stack whose first deployment failed, and what CloudFormation keeps of it.

Such a stack cannot be updated. Nothing in it is in use yet, but its tables are protected, and its secrets and queues
are retained. A stack that was ever deployed successfully is refused.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import TypeAlias

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from operations import retained
from operations.retained import QUEUE, SECRET, TABLE, Retained
from operations.stack import FIRST_DEPLOYMENT_FAILED, OperationError, Stack, is_attended

# Only the rotations write into it before there is a user.
_WRITTEN_BY_ROTATIONS = "PublicKeysTable"
_SECRET_RECOVERY_DAYS = 7
_Delete: TypeAlias = Callable[[str], object]


def main(stack: Stack) -> None:
    """Delete the failed stack and what is retained of it. Raises OperationError if it may be in use."""
    status = stack.status()
    if status not in FIRST_DEPLOYMENT_FAILED:
        state = "does not exist" if status is None else f"is in state {status}"
        raise OperationError(
            f"The stack {stack.name} {state}. Only one whose first deployment failed can be discarded. "
            "docs/runbooks.md, Deleting the stack, is about the others."
        )
    try:
        found = retained.of(stack.name)
        _check_unused(found)
        print(f"The first deployment of {stack.name} failed. What is to be deleted, besides the stack:")
        print("\n".join(f"  {each.name}  {each.id}" for each in found) or "  nothing")
        if not _confirmed():
            raise OperationError("Nothing was deleted.")
        for each in found:
            _DELETE[each.kind](each.id)
        stack.delete()
    except (BotoCoreError, ClientError) as problem:
        raise OperationError(
            f"{problem}. What was deleted so far is gone; fix the cause and run it again."
        ) from problem
    print(f"Deleted. Its secrets can be restored for {_SECRET_RECOVERY_DAYS} days. Next: make deploy{stack.option}")


def _check_unused(found: list[Retained]) -> None:
    dynamodb = boto3.client("dynamodb")
    for each in found:
        if (
            each.kind == TABLE
            and each.name != _WRITTEN_BY_ROTATIONS
            and dynamodb.scan(TableName=each.id, Limit=1)["Items"]
        ):
            raise OperationError(
                f"The table {each.id} has items, so nothing is deleted. Delete what is not needed by hand."
            )


def _confirmed() -> bool:
    return not is_attended() or input("Delete all of it? [y/N] ").strip().lower() == "y"


def _delete_table(name: str) -> None:
    dynamodb = boto3.client("dynamodb")
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    dynamodb.delete_table(TableName=name)


def _delete_secret(arn: str) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId=arn, RecoveryWindowInDays=_SECRET_RECOVERY_DAYS)


def _delete_queue(url: str) -> None:
    boto3.client("sqs").delete_queue(QueueUrl=url)


_DELETE: Mapping[str, _Delete] = {TABLE: _delete_table, SECRET: _delete_secret, QUEUE: _delete_queue}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make discard", description="Delete what a failed first deployment left.")
    parser.add_argument("--stage", default="default")
    try:
        main(Stack.of_stage(parser.parse_args().stage))
    except OperationError as problem:
        sys.exit(str(problem))
