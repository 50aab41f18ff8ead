"""Acknowledged changes survive a kill of MiniStack or of the runner at any moment.

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
from local.aws.ministack import MiniStack, State
from local.aws.resources import queue_url
from local.aws.streams import Checkpoints, Streams
from local.console import Console
from local.errors import RunnerError
from local.functions.pool import Result
from local.template import StreamSource
from tests.local.harness import TIMEOUT, RunnerProcess, delivery_counts, eventually, ministack_pid
from tests.support import ROOT

pytestmark = pytest.mark.thorough

TABLE = {
    "TableName": "NotesTable",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[], MiniStack]]:
    """Starts MiniStack, and kills it and starts it again on the same data."""
    lifeline, write_end = os.pipe()
    begun: list[MiniStack] = []

    def begin() -> MiniStack:
        end()
        python = ROOT / ".venv-ministack/bin/python"
        begun.append(MiniStack(tmp_path, python, 0, lifeline, Console(io.StringIO())))
        begun[-1].wait_until_ready()
        if not begun[-1].aws.call("dynamodb", "ListTables", {})["TableNames"]:
            begun[-1].aws.call("dynamodb", "CreateTable", TABLE)
        return begun[-1]

    def end() -> None:
        while begun:
            ministack = begun.pop()
            ministack.kill()
            ministack.aws.close()

    yield begin
    end()
    os.close(lifeline)
    os.close(write_end)


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


def replay(ministack: MiniStack) -> str:
    """The line that the last start has logged about its journal."""
    return ministack.log.read_text().splitlines()[-1]


def test_killing_ministack_during_writes_loses_no_acknowledged_change(start: Callable[..., RunnerProcess]) -> None:
    runner = start().ready()
    acknowledged: set[str] = set()
    enough = threading.Event()

    def write(writer: int) -> None:
        for number in range(10_000):
            name = f"{writer}-{number}"
            if runner.post("/write/NotesTable", {"id": name}).status == 201:
                acknowledged.add(name)
            if enough.is_set():
                return

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(3)]
    for writer in writers:
        writer.start()
    for _ in range(3):
        goal = len(acknowledged) + 20
        eventually(lambda goal=goal: len(acknowledged) > goal, what="some writes")  # type: ignore[misc]
        os.kill(ministack_pid(runner), signal.SIGKILL)
        eventually(lambda: "MiniStack ended (signal 9)" in runner.output, what="the message")
    goal = len(acknowledged) + 20
    eventually(lambda: len(acknowledged) > goal, what="writes after the last kill")
    enough.set()
    for writer in writers:
        writer.join()
    assert acknowledged <= ids(runner.aws)
    runner.kill()
    runner = start().ready()
    assert acknowledged <= ids(runner.aws)


def test_killing_ministack_during_the_start_delays_it(start: Callable[..., RunnerProcess]) -> None:
    runner = start()
    runner.wait_for_line("Starting MiniStack")
    os.kill(eventually(lambda: another_ministack(runner, []), what="MiniStack"), signal.SIGKILL)
    assert runner.ready().post("/write/NotesTable", {"id": "a note"}).status == 201
    assert runner.output.count("MiniStack ended (signal 9). Restarting it; what it had acknowledged is on disk.") == 1


def test_killing_ministack_while_the_runner_stops_loses_nothing(start: Callable[..., RunnerProcess]) -> None:
    runner = start().ready()
    assert runner.post("/write/NotesTable", {"id": "a note"}).status == 201
    pid = ministack_pid(runner)
    runner.process.send_signal(signal.SIGTERM)
    os.kill(pid, signal.SIGKILL)
    assert runner.process.wait(TIMEOUT) == 0
    assert "Traceback" not in runner.output
    assert ids(start().ready().aws) == {"a note"}


def test_ministack_that_is_killed_again_and_again_is_restarted(start: Callable[..., RunnerProcess]) -> None:
    runner = start().ready()
    killed: list[int] = []
    for number in range(7):
        assert runner.post("/write/NotesTable", {"id": str(number)}).status == 201
        killed.append(eventually(lambda: another_ministack(runner, killed), what="another process"))
        os.kill(killed[-1], signal.SIGKILL)
    assert ids(runner.aws) == set(map(str, range(7)))
    assert "Traceback" not in runner.output


def another_ministack(runner: RunnerProcess, killed: list[int]) -> int:
    """Return the id of the MiniStack process, or 0 if there is none but those that were killed."""
    with contextlib.suppress(StopIteration):
        pid = ministack_pid(runner)
        return 0 if pid in killed else pid
    return 0


def test_killing_everything_at_any_moment_loses_no_acknowledged_change(begin: Callable[[], MiniStack]) -> None:
    chance = random.Random(7)  # noqa: S311
    acknowledged: set[str] = set()
    for round_ in range(8):
        ministack = begin()
        assert acknowledged <= ids(ministack.aws)
        assert replay(ministack).endswith(" 0 failed.")
        killing = threading.Thread(target=ministack.kill)
        last = chance.randrange(3, 60)
        with contextlib.suppress(OSError, HTTPException):
            for number in itertools.count():
                if number == last:
                    killing.start()
                put(ministack.aws, name := f"{round_}-{number}")
                acknowledged.add(name)
        killing.join()
    assert acknowledged <= ids(begin().aws)


@pytest.mark.parametrize("service", ["sqs", "secretsmanager"])
def test_killing_everything_loses_no_change_of_another_service(begin: Callable[[], MiniStack], service: str) -> None:
    chance = random.Random(13)  # noqa: S311
    acknowledged: set[str] = set()
    begin().aws.call("sqs", "CreateQueue", {"QueueName": "queue"})
    for round_ in range(8):
        ministack = begin()
        killing = threading.Thread(target=ministack.kill)
        last = chance.randrange(3, 40)
        with contextlib.suppress(OSError, HTTPException):
            for number in itertools.count():
                if number == last:
                    killing.start()
                name = f"{round_}-{number}"
                if service == "sqs":
                    request = {"QueueUrl": queue_url("queue", ministack.endpoint), "MessageBody": name}
                    once(ministack.aws, service, "AmazonSQS.SendMessage", request)
                else:
                    once(ministack.aws, service, "secretsmanager.CreateSecret", {"Name": name, "SecretString": name})
                acknowledged.add(name)
        killing.join()
    assert acknowledged <= kept(begin(), service)


def kept(ministack: MiniStack, service: str) -> set[str]:
    """The names of all secrets, or the bodies of all messages in the queue."""
    found: set[str] = set()
    if service == "sqs":
        request: dict[str, Any] = {"QueueUrl": queue_url("queue", ministack.endpoint), "MaxNumberOfMessages": 10}
        while messages := ministack.aws.call("sqs", "ReceiveMessage", request).get("Messages"):
            found |= {message["Body"] for message in messages}
        return found
    page = ministack.aws.call("secretsmanager", "ListSecrets", {})
    found |= {secret["Name"] for secret in page["SecretList"]}
    while "NextToken" in page:
        page = ministack.aws.call("secretsmanager", "ListSecrets", {"NextToken": page["NextToken"]})
        found |= {secret["Name"] for secret in page["SecretList"]}
    return found


def test_killing_everything_while_a_snapshot_is_written_loses_nothing(begin: Callable[[], MiniStack]) -> None:
    chance = random.Random(11)  # noqa: S311
    acknowledged: set[str] = set()
    generations = set()
    for round_ in range(8):
        ministack = begin()
        assert acknowledged <= ids(ministack.aws)
        killing = threading.Thread(target=ministack.kill)
        last = chance.randrange(3, 12)
        with contextlib.suppress(OSError, HTTPException):
            for number in itertools.count():
                if number == last:
                    killing.start()
                put(ministack.aws, name := f"{round_}-{number}", text="x" * 1000)
                acknowledged.add(name)
                state = ministack.aws._request_once("GET", "/_durable", "", {})[1].decode()
                generations.add(ministack.aws._request_once("POST", "/_durable", state, {})[1])
        killing.join()
    assert len(generations) > 8 * 3
    assert acknowledged <= ids(begin().aws)


def test_incomplete_line_is_dropped_and_the_rest_kept(begin: Callable[[], MiniStack], tmp_path: Path) -> None:
    ministack = begin()
    put(ministack.aws, "whole")
    ministack.kill()
    journal = tmp_path / "cloud/0/journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b'["DynamoDB_20120810.Put')
    put(begin().aws, "after")
    assert {"whole", "after"} <= ids(begin().aws)


def test_incomplete_snapshot_is_dropped(begin: Callable[[], MiniStack], tmp_path: Path) -> None:
    ministack = begin()
    put(ministack.aws, "kept")
    ministack.kill()
    half = tmp_path / "cloud/1.new"
    half.mkdir()
    (half / "dynamodb.json").write_text('{"half')
    assert "kept" in ids(begin().aws)
    assert not half.exists()


@pytest.mark.parametrize("file", ["journal.jsonl", "dynamodb.json"])
def test_damaged_data_prevents_the_start_and_is_kept_unchanged(
    begin: Callable[[], MiniStack], tmp_path: Path, file: str
) -> None:
    ministack = begin()
    put(ministack.aws, "kept")
    ministack.snapshot(ministack.state())
    damaged = tmp_path / "cloud/1" / file
    ministack.kill()
    damaged.write_text("not JSON\n")
    with pytest.raises(RunnerError, match="MiniStack does not start"):
        begin()
    assert damaged.read_text() == "not JSON\n"
    assert re.search("damaged|cannot be read", ministack.log.read_text().splitlines()[-1])


def test_snapshot_that_is_not_text_prevents_the_start(begin: Callable[[], MiniStack], tmp_path: Path) -> None:
    ministack = begin()
    ministack.snapshot(ministack.state())
    ministack.kill()
    (tmp_path / "cloud/1/dynamodb.json").write_bytes(b"\xff")
    with pytest.raises(RunnerError, match="MiniStack does not start"):
        begin()


def test_failed_replay_is_reported(begin: Callable[[], MiniStack], tmp_path: Path) -> None:
    begin().kill()
    with (tmp_path / "cloud/0/journal.jsonl").open("a") as journal:
        journal.write('["DynamoDB_20120810.PutItem", "", "{}"]\n')
    ministack = begin()
    output = ministack._console._out
    assert isinstance(output, io.StringIO)
    eventually(lambda: "Changes in MiniStack's journal could not be repeated" in output.getvalue(), what="the warning")


def test_snapshot_contains_every_service(begin: Callable[[], MiniStack], tmp_path: Path) -> None:
    ministack = begin()
    put(ministack.aws, "one", text="Grüße \u2603")
    before = {
        "table": ministack.aws.call("dynamodb", "DescribeTable", {"TableName": "NotesTable"}),
        "secret": ministack.aws.call("secretsmanager", "CreateSecret", {"Name": "key", "SecretString": "value"})["ARN"],
        "queue": ministack.aws.call("sqs", "CreateQueue", {"QueueName": "queue"}),
    }
    ministack.aws.call("sqs", "SendMessage", {**before["queue"], "MessageBody": "hello"})
    assert ministack.snapshot(ministack.state()).generation == 1
    assert sorted(path.name for path in (tmp_path / "cloud").glob("[0-9]*")) == ["1"]
    aws = begin().aws
    assert get(aws, "one")["text"]["S"] == "Grüße \u2603"
    assert aws.call("dynamodb", "DescribeTable", {"TableName": "NotesTable"}) == before["table"]
    assert aws.call("secretsmanager", "GetSecretValue", {"SecretId": before["secret"]})["SecretString"] == "value"
    (message,) = aws.call("sqs", "ReceiveMessage", aws.call("sqs", "GetQueueUrl", {"QueueName": "queue"}))["Messages"]
    assert message["Body"] == "hello"


def test_snapshot_is_refused_after_an_unknown_change(begin: Callable[[], MiniStack]) -> None:
    ministack = begin()
    known = ministack.state()
    put(ministack.aws, "unknown")
    assert ministack.snapshot(known).generation == 0
    assert ministack.snapshot(ministack.state()).generation == 1
    assert ministack.snapshot(known).generation == 1


def test_snapshot_waits_for_the_delivery_of_every_record(begin: Callable[[], MiniStack], tmp_path: Path) -> None:
    ministack = begin()
    stream = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}}
    ministack.aws.call("dynamodb", "UpdateTable", {"TableName": "NotesTable", **stream})
    started, let_go = threading.Event(), threading.Event()

    def invoke(_function: str, _event: str) -> Result:
        started.set()
        assert let_go.wait(TIMEOUT)
        return Result("null", cold=False)

    streams = Streams(ministack, Checkpoints(tmp_path / "streams.json", 0), Console(io.StringIO()))
    source = StreamSource(
        function="Function",
        table="NotesTable",
        batch_size=1,
        bisect=False,
        report_failures=False,
        max_retries=None,
        max_age=None,
        patterns=(),
        on_failure=None,
    )
    streams.serve((source,), invoke)
    with contextlib.ExitStack() as stack:
        stack.callback(streams.stop)
        put(ministack.aws, "first")
        put(ministack.aws, "second")
        assert started.wait(TIMEOUT)
        streams.compact(now=True)
        assert ministack.state().generation == 0
        let_go.set()
        streams.drain(TIMEOUT)
        streams.compact(now=True)
        assert ministack.state() == State(1, 0, ministack.state().snapshot)


def test_generated_ids_survive_a_kill(begin: Callable[[], MiniStack]) -> None:
    ministack = begin()
    arn = ministack.aws.call("secretsmanager", "CreateSecret", {"Name": "key", "SecretString": "first"})["ARN"]
    ministack.aws.call("secretsmanager", "PutSecretValue", {"SecretId": arn, "SecretString": "second"})
    versions = ministack.aws.call("secretsmanager", "DescribeSecret", {"SecretId": arn})["VersionIdsToStages"]
    queue = ministack.aws.call("sqs", "CreateQueue", {"QueueName": "queue"})
    sent = ministack.aws.call("sqs", "SendMessage", {**queue, "MessageBody": "hello"})["MessageId"]
    aws = begin().aws
    assert aws.call("secretsmanager", "GetSecretValue", {"SecretId": arn})["SecretString"] == "second"
    assert aws.call("secretsmanager", "DescribeSecret", {"SecretId": arn})["VersionIdsToStages"] == versions
    queue = aws.call("sqs", "GetQueueUrl", {"QueueName": "queue"})
    (message,) = aws.call("sqs", "ReceiveMessage", queue)["Messages"]
    assert message["MessageId"] == sent


def test_deleted_message_does_not_return(begin: Callable[[], MiniStack]) -> None:
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


def test_reset_of_the_memory_is_refused(begin: Callable[[], MiniStack]) -> None:
    aws = begin().aws
    put(aws, "kept")
    assert aws.http("POST", "/_ministack/reset")[0] == 403
    assert ids(aws) == {"kept"}


def test_transactions_are_replayed_with_their_outcome(begin: Callable[[], MiniStack]) -> None:
    ministack = begin()
    item = {"TableName": "NotesTable", "Item": {"id": {"S": "one"}}}
    transaction = {"TransactItems": [{"Put": {**item, "ConditionExpression": "attribute_not_exists(id)"}}]}
    ministack.aws.call("dynamodb", "TransactWriteItems", {**transaction, "ClientRequestToken": "this"})
    with pytest.raises(AwsError, match="TransactionCanceled"):
        ministack.aws.call("dynamodb", "TransactWriteItems", {**transaction, "ClientRequestToken": "another"})
    aws = begin().aws
    # The same token is the same transaction for the next process too.
    aws.call("dynamodb", "TransactWriteItems", {**transaction, "ClientRequestToken": "this"})
    add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    for _ in range(3):
        aws.call("dynamodb", "UpdateItem", {"TableName": "NotesTable", "Key": {"id": {"S": "count"}}, **add})
    for _ in range(2):
        assert get(begin().aws, "count")["n"]["N"] == "3", "nothing is applied twice"


def test_each_record_of_a_stream_is_delivered_across_kills(start: Callable[..., RunnerProcess]) -> None:
    runner = start().ready()
    sent: set[str] = set()

    def send() -> None:
        for _ in range(10):
            name = f"event-{len(sent)}"
            assert runner.post("/write/EventsTable", {"id": name}).status == 201
            sent.add(name)

    send()
    os.kill(ministack_pid(runner), signal.SIGKILL)
    send()
    runner.kill()
    runner = start().ready()
    send()
    runner.stop()
    runner = start().ready()
    eventually(lambda: sent <= delivery_counts(runner).keys(), what="the deliveries")
    delivered = delivery_counts(runner)
    assert sum(delivered.values()) <= len(sent) + 20, "only the batch at the moment of a kill may come twice"


def test_undelivered_records_are_delivered_after_a_restart(
    start: Callable[..., RunnerProcess], project_copy: Path
) -> None:
    file = project_copy / "functions/consume/app.py"
    good = file.read_text()
    file.write_text(good + "\nraise OSError\n")
    template = project_copy / "template.yaml"
    template.write_text(template.read_text().replace("MaximumRetryAttempts: 1", "MaximumRetryAttempts: 20"))
    runner = start().ready()
    assert runner.post("/write/EventsTable", {"id": "waiting"}).status == 201
    runner.wait_for_line("ConsumeFunction failed on a batch of 1")
    runner.stop()
    assert (runner.data / "cloud/0").exists(), "no snapshot while something is undelivered"
    file.write_text(good)
    runner = start().ready()
    eventually(lambda: delivery_counts(runner).get("waiting") == 1, what="the delivery")
