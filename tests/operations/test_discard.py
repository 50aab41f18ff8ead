"""`make discard`: what it refuses. `make rehearse` discards a stack whose first deployment failed."""

import re
import sys
import uuid
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from operations import discard, retained
from operations.retained import QUEUE, SECRET, TABLE, Retained
from operations.stack import OperationError, Stack
from tests.support.aws import REGION

DEV = Stack.of_stage("default")


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Retained]]:
    """What a first deployment that failed has left."""
    for name, value in {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    # Other tests may share this fake AWS.
    run = uuid.uuid4().hex
    users, keys = f"users-{run}", f"keys-{run}"
    with mock_aws():
        for table in (users, keys):
            boto3.client("dynamodb").create_table(
                TableName=table,
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                BillingMode="PAY_PER_REQUEST",
                DeletionProtectionEnabled=True,
            )
        boto3.client("dynamodb").put_item(TableName=keys, Item={"id": {"S": "the first key"}})
        secret = boto3.client("secretsmanager").create_secret(Name=f"key-{run}", SecretString="text")["ARN"]
        queue = boto3.client("sqs").create_queue(QueueName=f"queue-{run}")["QueueUrl"]
        found = [
            Retained("UsersTable", TABLE, users),
            Retained("PublicKeysTable", TABLE, keys),
            Retained("SigningKeySecret", SECRET, secret),
            Retained("UndeliveredEmailQueue", QUEUE, queue),
        ]
        monkeypatch.setattr(Stack, "delete", lambda stack: sys.stdout.write(f"stack {stack.name} deleted\n"))
        monkeypatch.setattr(Stack, "status", lambda _: "ROLLBACK_COMPLETE")
        monkeypatch.setattr(retained, "of", lambda _: found)
        yield found
        for each in filter(retained._exists, found):
            discard._DELETE[each.kind](each.id)


def test_stack_and_what_it_left_is_deleted_but_secrets_can_be_restored(
    left: list[Retained], capsys: pytest.CaptureFixture[str]
) -> None:
    assert all(retained._exists(each) for each in left)
    discard.main(DEV)
    assert not any(retained._exists(each) for each in left)
    assert "DeletedDate" in boto3.client("secretsmanager").describe_secret(SecretId=left[2].id)
    assert re.search(f"stack {DEV.name} deleted\n.*make deploy", capsys.readouterr().out)


def test_table_with_items_keeps_everything(left: list[Retained]) -> None:
    boto3.client("dynamodb").put_item(TableName=left[0].id, Item={"id": {"S": "ada"}})
    with pytest.raises(OperationError, match=f"{left[0].id} has items"):
        discard.main(DEV)
    assert all(retained._exists(each) for each in left)


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", None])
def test_stack_that_was_deployed_once_or_does_not_exist_is_refused(
    status: str | None, left: list[Retained], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stack, "status", lambda _: status)
    with pytest.raises(OperationError, match="Only one whose first deployment failed"):
        discard.main(DEV)
    assert all(retained._exists(each) for each in left)
