"""What was acknowledged is there after any end: of MiniStack, of the runner, in the middle of anything.

To MiniStack the end of its runner is its own, so most of this needs MiniStack alone.
"""

import contextlib
import io
import itertools
import json
import os
import random
import re
import signal
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from local.aws.client import Aws, AwsError
from local.aws.ministack import Cloud
from local.console import Console, RunnerError
from tests.local.harness import Running, eventually, ministack_pid, times
from tests.support import ROOT

pytestmark = pytest.mark.thorough

TABLE = {
    "TableName": "NotesTable",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[], Cloud]]:
    """Starts MiniStack on the same data, after the one before was killed."""
    lifeline, rope = os.pipe()
    begun: list[Cloud] = []

    def begin() -> Cloud:
        end()
        python = ROOT / ".venv-ministack/bin/python"
        begun.append(Cloud(tmp_path, python, 0, lifeline, Console(io.StringIO())))
        begun[-1].wait_until_ready()
        if not begun[-1].aws.call("dynamodb", "ListTables", {})["TableNames"]:
            begun[-1].aws.call("dynamodb", "CreateTable", TABLE)
        return begun[-1]

    def end() -> None:
        while begun:
            cloud = begun.pop()
            cloud.kill()
            cloud.aws.close()

    yield begin
    end()
    os.close(lifeline)
    os.close(rope)


def put(aws: Aws, item_id: str, **values: str) -> None:
    """Put an item once, without the client's patience: raises when the answer does not come."""
    item = {"id": {"S": item_id}, **{name: {"S": value} for name, value in values.items()}}
    headers = {"X-Amz-Target": "DynamoDB_20120810.PutItem", "Authorization": aws.authorization("dynamodb")}
    status, _ = aws._request_once("POST", "/", json.dumps({"TableName": "NotesTable", "Item": item}), headers)
    assert status == 200


def get(aws: Aws, item_id: str) -> Any:
    return aws.call("dynamodb", "GetItem", {"TableName": "NotesTable", "Key": {"id": {"S": item_id}}})["Item"]


def ids(aws: Aws) -> set[str]:
    return {item["id"]["S"] for item in aws.call("dynamodb", "Scan", {"TableName": "NotesTable"})["Items"]}


def replay(cloud: Cloud) -> str:
    """What the last start said about its journal."""
    return cloud.log.read_text().splitlines()[-1]


def test_nothing_acknowledged_is_lost_when_ministack_is_killed_during_writes(start: Callable[..., Running]) -> None:
    running = start().ready()
    acknowledged: set[str] = set()
    enough = threading.Event()

    def write(writer: int) -> None:
        for number in range(10_000):
            name = f"{writer}-{number}"
            if running.post("/write/NotesTable", {"id": name}).status == 201:
                acknowledged.add(name)
            if enough.is_set():
                return

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(3)]
    for writer in writers:
        writer.start()
    for _ in range(3):
        goal = len(acknowledged) + 20
        eventually(lambda goal=goal: len(acknowledged) > goal, what="some writes")  # type: ignore[misc]
        os.kill(ministack_pid(running), signal.SIGKILL)
        eventually(lambda: "MiniStack ended (signal 9)" in running.output, what="the message")
    goal = len(acknowledged) + 20
    eventually(lambda: len(acknowledged) > goal, what="writes after the last kill")
    enough.set()
    for writer in writers:
        writer.join()
    assert acknowledged <= ids(running.aws)
    running.kill()
    running = start().ready()
    assert acknowledged <= ids(running.aws)


def test_nothing_acknowledged_is_lost_when_everything_is_killed_at_any_moment(begin: Callable[[], Cloud]) -> None:
    chance = random.Random(7)  # noqa: S311
    acknowledged: set[str] = set()
    for round_ in range(8):
        cloud = begin()
        assert acknowledged <= ids(cloud.aws)
        assert replay(cloud).endswith(" 0 with another outcome than before.")
        killing = threading.Thread(target=cloud.kill)
        last = chance.randrange(3, 60)
        with contextlib.suppress(OSError, HTTPException):
            for number in itertools.count():
                if number == last:
                    killing.start()
                put(cloud.aws, name := f"{round_}-{number}")
                acknowledged.add(name)
        killing.join()
    assert acknowledged <= ids(begin().aws)


def test_nothing_is_lost_when_everything_is_killed_while_a_snapshot_is_written(begin: Callable[[], Cloud]) -> None:
    chance = random.Random(11)  # noqa: S311
    acknowledged: set[str] = set()
    generations = set()
    for round_ in range(8):
        cloud = begin()
        assert acknowledged <= ids(cloud.aws)
        killing = threading.Thread(target=cloud.kill)
        last = chance.randrange(3, 12)
        request = json.dumps({"above": 0, "iterators": [], "authorization": ""})
        with contextlib.suppress(OSError, HTTPException):
            for number in itertools.count():
                if number == last:
                    killing.start()
                put(cloud.aws, name := f"{round_}-{number}", text="x" * 1000)
                acknowledged.add(name)
                generations.add(cloud.aws._request_once("POST", "/_durable", request, {})[1])
        killing.join()
    assert len(generations) > 8 * 3
    assert acknowledged <= ids(begin().aws)


def test_a_line_that_was_not_finished_is_dropped_and_the_rest_kept(begin: Callable[[], Cloud], tmp_path: Path) -> None:
    cloud = begin()
    put(cloud.aws, "whole")
    cloud.kill()
    journal = tmp_path / "cloud/0/journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b'["POST","/","",[["x-amz-tar')
    put(begin().aws, "after")
    assert {"whole", "after"} <= ids(begin().aws)


def test_a_snapshot_that_was_not_finished_is_dropped(begin: Callable[[], Cloud], tmp_path: Path) -> None:
    cloud = begin()
    put(cloud.aws, "kept")
    cloud.kill()
    half = tmp_path / "cloud/1.new"
    half.mkdir()
    (half / "dynamodb.json").write_text('{"half')
    assert "kept" in ids(begin().aws)
    assert not half.exists()


@pytest.mark.parametrize("file", ["journal.jsonl", "dynamodb.json"])
def test_damaged_data_are_named_and_left_alone(begin: Callable[[], Cloud], tmp_path: Path, file: str) -> None:
    cloud = begin()
    put(cloud.aws, "kept")
    cloud.compact([], now=True)
    damaged = tmp_path / "cloud/1" / file
    cloud.kill()
    damaged.write_text("not JSON\n")
    with pytest.raises(RunnerError, match="MiniStack does not start"):
        begin()
    assert damaged.read_text() == "not JSON\n"
    assert re.search("damaged|cannot be read", cloud.log.read_text().splitlines()[-1])


def test_a_snapshot_has_everything(begin: Callable[[], Cloud], tmp_path: Path) -> None:
    cloud = begin()
    put(cloud.aws, "one", text="Grüße \u2603")
    before = {
        "table": cloud.aws.call("dynamodb", "DescribeTable", {"TableName": "NotesTable"}),
        "secret": cloud.aws.call("secretsmanager", "CreateSecret", {"Name": "key", "SecretString": "value"})["ARN"],
        "queue": cloud.aws.call("sqs", "CreateQueue", {"QueueName": "queue"}),
    }
    cloud.aws.call("sqs", "SendMessage", {**before["queue"], "MessageBody": "hello"})
    assert cloud.compact([], now=True).generation == 1
    assert sorted(path.name for path in (tmp_path / "cloud").glob("[0-9]*")) == ["1"]
    aws = begin().aws
    assert get(aws, "one")["text"]["S"] == "Grüße \u2603"
    assert aws.call("dynamodb", "DescribeTable", {"TableName": "NotesTable"}) == before["table"]
    assert aws.call("secretsmanager", "GetSecretValue", {"SecretId": before["secret"]})["SecretString"] == "value"
    (message,) = aws.call("sqs", "ReceiveMessage", aws.call("sqs", "GetQueueUrl", {"QueueName": "queue"}))["Messages"]
    assert message["Body"] == "hello"


def test_a_snapshot_waits_for_the_readers_of_streams(begin: Callable[[], Cloud]) -> None:
    cloud = begin()
    stream = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}}
    table = cloud.aws.call("dynamodb", "UpdateTable", {"TableName": "NotesTable", **stream})["TableDescription"]
    first = {"StreamArn": table["LatestStreamArn"], "ShardIteratorType": "TRIM_HORIZON"}
    shard = {**first, "ShardId": "shardId-00000000000000000000-00000000"}
    iterator = cloud.aws.call("streams", "GetShardIterator", shard)["ShardIterator"]
    put(cloud.aws, "unread")
    assert cloud.compact([iterator], now=True).generation == 0
    after = cloud.aws.call("streams", "GetRecords", {"ShardIterator": iterator})["NextShardIterator"]
    assert cloud.compact([after], now=True).generation == 1


def test_ids_that_aws_makes_up_are_the_same_after_a_replay(begin: Callable[[], Cloud]) -> None:
    cloud = begin()
    arn = cloud.aws.call("secretsmanager", "CreateSecret", {"Name": "key", "SecretString": "first"})["ARN"]
    cloud.aws.call("secretsmanager", "PutSecretValue", {"SecretId": arn, "SecretString": "second"})
    versions = cloud.aws.call("secretsmanager", "DescribeSecret", {"SecretId": arn})["VersionIdsToStages"]
    aws = begin().aws
    assert aws.call("secretsmanager", "GetSecretValue", {"SecretId": arn})["SecretString"] == "second"
    assert aws.call("secretsmanager", "DescribeSecret", {"SecretId": arn})["VersionIdsToStages"] == versions


def test_transactions_are_replayed_as_they_went(begin: Callable[[], Cloud]) -> None:
    cloud = begin()
    item = {"TableName": "NotesTable", "Item": {"id": {"S": "one"}}}
    transaction = {"TransactItems": [{"Put": {**item, "ConditionExpression": "attribute_not_exists(id)"}}]}
    cloud.aws.call("dynamodb", "TransactWriteItems", {**transaction, "ClientRequestToken": "this"})
    with pytest.raises(AwsError, match="TransactionCanceled"):
        cloud.aws.call("dynamodb", "TransactWriteItems", {**transaction, "ClientRequestToken": "another"})
    aws = begin().aws
    # The same token is the same transaction, also for the MiniStack that took over.
    aws.call("dynamodb", "TransactWriteItems", {**transaction, "ClientRequestToken": "this"})
    add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    for _ in range(3):
        aws.call("dynamodb", "UpdateItem", {"TableName": "NotesTable", "Key": {"id": {"S": "count"}}, **add})
    for _ in range(2):
        assert get(begin().aws, "count")["n"]["N"] == "3", "nothing is applied twice"


def test_each_record_of_a_stream_is_delivered_across_kills(start: Callable[..., Running]) -> None:
    running = start().ready()
    sent: set[str] = set()

    def send() -> None:
        for _ in range(10):
            name = f"event-{len(sent)}"
            assert running.post("/write/EventsTable", {"id": name}).status == 201
            sent.add(name)

    send()
    os.kill(ministack_pid(running), signal.SIGKILL)
    send()
    running.kill()
    running = start().ready()
    send()
    running.stop()
    running = start().ready()
    eventually(lambda: sent <= times(running).keys(), what="the deliveries")
    delivered = times(running)
    assert sum(delivered.values()) <= len(sent) + 20, "only the batch at the moment of a kill may come twice"


def test_what_was_not_delivered_at_a_stop_is_delivered_after_it(start: Callable[..., Running], project: Path) -> None:
    file = project / "functions/consume/app.py"
    good = file.read_text()
    file.write_text(good + "\nraise OSError\n")
    template = project / "template.yaml"
    template.write_text(template.read_text().replace("MaximumRetryAttempts: 1", "MaximumRetryAttempts: 20"))
    running = start().ready()
    assert running.post("/write/EventsTable", {"id": "waiting"}).status == 201
    running.says("ConsumeFunction failed on a batch of 1")
    running.stop()
    assert (running.data / "cloud/0").exists(), "no snapshot while something is undelivered"
    file.write_text(good)
    running = start().ready()
    eventually(lambda: times(running).get("waiting") == 1, what="the delivery")
