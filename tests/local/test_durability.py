"""What was acknowledged survives any end of MiniStack and of the runner, at any moment.

MiniStack ends with its runner, so most of these tests need MiniStack only.
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
from local.aws.ministack import Cloud, State
from local.aws.resources import queue_url
from local.aws.streams import Checkpoints, Streams
from local.console import Console, RunnerError
from local.functions.pool import Result
from local.template import StreamSource
from tests.local.harness import SECONDS, Running, eventually, ministack_pid, times
from tests.support import ROOT

pytestmark = pytest.mark.thorough

TABLE = {
    "TableName": "NotesTable",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}

# Of a stream's source.
NO_OPTIONS: Any = {
    "bisect": False,
    "report_failures": False,
    "most_retries": None,
    "oldest": None,
    "patterns": (),
    "on_failure": None,
}


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[], Cloud]]:
    """Starts MiniStack, and kills it and starts it again on the same data."""
    lifeline, held = os.pipe()
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
    os.close(held)


def put(aws: Aws, item_id: str, **values: str) -> None:
    """Put an item without retries: raises when there is no response."""
    item = {"id": {"S": item_id}, **{name: {"S": value} for name, value in values.items()}}
    once(aws, "dynamodb", "DynamoDB_20120810.PutItem", {"TableName": "NotesTable", "Item": item})


def once(aws: Aws, service: str, target: str, request: Any) -> None:
    """Make a request without retries: raises when there is no response."""
    headers = {"X-Amz-Target": target, "Authorization": aws.authorization(service)}
    status, _ = aws._request_once("POST", "/", json.dumps(request), headers)
    assert status == 200


def get(aws: Aws, item_id: str) -> Any:
    return aws.call("dynamodb", "GetItem", {"TableName": "NotesTable", "Key": {"id": {"S": item_id}}})["Item"]


def ids(aws: Aws) -> set[str]:
    return {item["id"]["S"] for item in aws.call("dynamodb", "Scan", {"TableName": "NotesTable"})["Items"]}


def replay(cloud: Cloud) -> str:
    """The line that the last start has logged about its journal."""
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
        assert replay(cloud).endswith(" 0 failed.")
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


@pytest.mark.parametrize("service", ["sqs", "secretsmanager"])
def test_nothing_acknowledged_by_another_service_is_lost(begin: Callable[[], Cloud], service: str) -> None:
    chance = random.Random(13)  # noqa: S311
    acknowledged: set[str] = set()
    begin().aws.call("sqs", "CreateQueue", {"QueueName": "queue"})
    for round_ in range(8):
        cloud = begin()
        killing = threading.Thread(target=cloud.kill)
        last = chance.randrange(3, 40)
        with contextlib.suppress(OSError, HTTPException):
            for number in itertools.count():
                if number == last:
                    killing.start()
                name = f"{round_}-{number}"
                if service == "sqs":
                    request = {"QueueUrl": queue_url("queue", cloud.endpoint), "MessageBody": name}
                    once(cloud.aws, service, "AmazonSQS.SendMessage", request)
                else:
                    once(cloud.aws, service, "secretsmanager.CreateSecret", {"Name": name, "SecretString": name})
                acknowledged.add(name)
        killing.join()
    assert acknowledged <= kept(begin(), service)


def kept(cloud: Cloud, service: str) -> set[str]:
    """The names of all secrets, or the bodies of all messages in the queue."""
    found: set[str] = set()
    if service == "sqs":
        request: dict[str, Any] = {"QueueUrl": queue_url("queue", cloud.endpoint), "MaxNumberOfMessages": 10}
        while messages := cloud.aws.call("sqs", "ReceiveMessage", request).get("Messages"):
            found |= {message["Body"] for message in messages}
        return found
    page = cloud.aws.call("secretsmanager", "ListSecrets", {})
    found |= {secret["Name"] for secret in page["SecretList"]}
    while "NextToken" in page:
        page = cloud.aws.call("secretsmanager", "ListSecrets", {"NextToken": page["NextToken"]})
        found |= {secret["Name"] for secret in page["SecretList"]}
    return found


def test_nothing_is_lost_when_everything_is_killed_while_a_snapshot_is_written(begin: Callable[[], Cloud]) -> None:
    chance = random.Random(11)  # noqa: S311
    acknowledged: set[str] = set()
    generations = set()
    for round_ in range(8):
        cloud = begin()
        assert acknowledged <= ids(cloud.aws)
        killing = threading.Thread(target=cloud.kill)
        last = chance.randrange(3, 12)
        with contextlib.suppress(OSError, HTTPException):
            for number in itertools.count():
                if number == last:
                    killing.start()
                put(cloud.aws, name := f"{round_}-{number}", text="x" * 1000)
                acknowledged.add(name)
                state = cloud.aws._request_once("GET", "/_durable", "", {})[1].decode()
                generations.add(cloud.aws._request_once("POST", "/_durable", state, {})[1])
        killing.join()
    assert len(generations) > 8 * 3
    assert acknowledged <= ids(begin().aws)


def test_an_incomplete_line_is_dropped_and_the_rest_kept(begin: Callable[[], Cloud], tmp_path: Path) -> None:
    cloud = begin()
    put(cloud.aws, "whole")
    cloud.kill()
    journal = tmp_path / "cloud/0/journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b'["DynamoDB_20120810.Put')
    put(begin().aws, "after")
    assert {"whole", "after"} <= ids(begin().aws)


def test_an_incomplete_snapshot_is_dropped(begin: Callable[[], Cloud], tmp_path: Path) -> None:
    cloud = begin()
    put(cloud.aws, "kept")
    cloud.kill()
    half = tmp_path / "cloud/1.new"
    half.mkdir()
    (half / "dynamodb.json").write_text('{"half')
    assert "kept" in ids(begin().aws)
    assert not half.exists()


@pytest.mark.parametrize("file", ["journal.jsonl", "dynamodb.json"])
def test_damaged_data_is_named_and_left_alone(begin: Callable[[], Cloud], tmp_path: Path, file: str) -> None:
    cloud = begin()
    put(cloud.aws, "kept")
    cloud.snapshot(cloud.state())
    damaged = tmp_path / "cloud/1" / file
    cloud.kill()
    damaged.write_text("not JSON\n")
    with pytest.raises(RunnerError, match="MiniStack does not start"):
        begin()
    assert damaged.read_text() == "not JSON\n"
    assert re.search("damaged|cannot be read", cloud.log.read_text().splitlines()[-1])


def test_a_snapshot_contains_every_service(begin: Callable[[], Cloud], tmp_path: Path) -> None:
    cloud = begin()
    put(cloud.aws, "one", text="Grüße \u2603")
    before = {
        "table": cloud.aws.call("dynamodb", "DescribeTable", {"TableName": "NotesTable"}),
        "secret": cloud.aws.call("secretsmanager", "CreateSecret", {"Name": "key", "SecretString": "value"})["ARN"],
        "queue": cloud.aws.call("sqs", "CreateQueue", {"QueueName": "queue"}),
    }
    cloud.aws.call("sqs", "SendMessage", {**before["queue"], "MessageBody": "hello"})
    assert cloud.snapshot(cloud.state()).generation == 1
    assert sorted(path.name for path in (tmp_path / "cloud").glob("[0-9]*")) == ["1"]
    aws = begin().aws
    assert get(aws, "one")["text"]["S"] == "Grüße \u2603"
    assert aws.call("dynamodb", "DescribeTable", {"TableName": "NotesTable"}) == before["table"]
    assert aws.call("secretsmanager", "GetSecretValue", {"SecretId": before["secret"]})["SecretString"] == "value"
    (message,) = aws.call("sqs", "ReceiveMessage", aws.call("sqs", "GetQueueUrl", {"QueueName": "queue"}))["Messages"]
    assert message["Body"] == "hello"


def test_a_snapshot_is_refused_after_an_unknown_change(begin: Callable[[], Cloud]) -> None:
    cloud = begin()
    known = cloud.state()
    put(cloud.aws, "unknown")
    assert cloud.snapshot(known).generation == 0
    assert cloud.snapshot(cloud.state()).generation == 1
    assert cloud.snapshot(known).generation == 1


def test_a_snapshot_waits_for_the_delivery_of_every_record(begin: Callable[[], Cloud], tmp_path: Path) -> None:
    cloud = begin()
    stream = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}}
    cloud.aws.call("dynamodb", "UpdateTable", {"TableName": "NotesTable", **stream})
    started, let_go = threading.Event(), threading.Event()

    def invoke(_function: str, _event: str) -> Result:
        started.set()
        assert let_go.wait(SECONDS)
        return Result("null", cold=False)

    streams = Streams(cloud, Checkpoints(tmp_path / "streams.json", 0), Console(io.StringIO()))
    source = StreamSource(
        function="Function",
        table="NotesTable",
        batch_size=1,
        bisect=False,
        report_failures=False,
        most_retries=None,
        oldest=None,
        patterns=(),
        on_failure=None,
    )
    streams.serve((source,), invoke)
    with contextlib.ExitStack() as stack:
        stack.callback(streams.stop)
        put(cloud.aws, "first")
        put(cloud.aws, "second")
        assert started.wait(SECONDS)
        streams.compact(now=True)
        assert cloud.state().generation == 0
        let_go.set()
        streams.drain(SECONDS)
        streams.compact(now=True)
        assert cloud.state() == State(1, 0, cloud.state().snapshot)


def test_generated_ids_survive_a_kill(begin: Callable[[], Cloud]) -> None:
    cloud = begin()
    arn = cloud.aws.call("secretsmanager", "CreateSecret", {"Name": "key", "SecretString": "first"})["ARN"]
    cloud.aws.call("secretsmanager", "PutSecretValue", {"SecretId": arn, "SecretString": "second"})
    versions = cloud.aws.call("secretsmanager", "DescribeSecret", {"SecretId": arn})["VersionIdsToStages"]
    queue = cloud.aws.call("sqs", "CreateQueue", {"QueueName": "queue"})
    sent = cloud.aws.call("sqs", "SendMessage", {**queue, "MessageBody": "hello"})["MessageId"]
    aws = begin().aws
    assert aws.call("secretsmanager", "GetSecretValue", {"SecretId": arn})["SecretString"] == "second"
    assert aws.call("secretsmanager", "DescribeSecret", {"SecretId": arn})["VersionIdsToStages"] == versions
    queue = aws.call("sqs", "GetQueueUrl", {"QueueName": "queue"})
    (message,) = aws.call("sqs", "ReceiveMessage", queue)["Messages"]
    assert message["MessageId"] == sent


def test_a_deleted_message_does_not_return(begin: Callable[[], Cloud]) -> None:
    aws = begin().aws
    queue = aws.call("sqs", "CreateQueue", {"QueueName": "queue"})
    for body in ("done", "waiting"):
        aws.call("sqs", "SendMessage", {**queue, "MessageBody": body})
    (message,) = aws.call("sqs", "ReceiveMessage", queue)["Messages"]
    aws.call("sqs", "DeleteMessage", {**queue, "ReceiptHandle": message["ReceiptHandle"]})
    aws = begin().aws
    queue = aws.call("sqs", "GetQueueUrl", {"QueueName": "queue"})
    left = aws.call("sqs", "ReceiveMessage", {**queue, "MaxNumberOfMessages": 10})["Messages"]
    assert {other["Body"] for other in left} == {"done", "waiting"} - {message["Body"]}


def test_a_reset_of_the_memory_is_refused(begin: Callable[[], Cloud]) -> None:
    aws = begin().aws
    put(aws, "kept")
    assert aws.http("POST", "/_ministack/reset")[0] == 403
    assert ids(aws) == {"kept"}


def test_transactions_are_replayed_with_their_outcome(begin: Callable[[], Cloud]) -> None:
    cloud = begin()
    item = {"TableName": "NotesTable", "Item": {"id": {"S": "one"}}}
    transaction = {"TransactItems": [{"Put": {**item, "ConditionExpression": "attribute_not_exists(id)"}}]}
    cloud.aws.call("dynamodb", "TransactWriteItems", {**transaction, "ClientRequestToken": "this"})
    with pytest.raises(AwsError, match="TransactionCanceled"):
        cloud.aws.call("dynamodb", "TransactWriteItems", {**transaction, "ClientRequestToken": "another"})
    aws = begin().aws
    # The same token is the same transaction for the next process too.
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


def test_undelivered_records_are_delivered_after_a_restart(start: Callable[..., Running], project: Path) -> None:
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
