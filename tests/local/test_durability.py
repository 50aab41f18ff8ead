"""What was acknowledged is there after any end: of MiniStack, of the runner, in the middle of anything."""

import json
import os
import random
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from local.aws import AwsError
from tests.local.harness import Running, eventually, ministack_pid


def put(running: Running, item_id: str, **values: str) -> None:
    item = {"id": {"S": item_id}, **{name: {"S": value} for name, value in values.items()}}
    running.aws.call("dynamodb", "PutItem", {"TableName": "NotesTable", "Item": item})


def ids(running: Running, table: str = "NotesTable") -> set[str]:
    return {item["id"]["S"] for item in running.aws.call("dynamodb", "Scan", {"TableName": table})["Items"]}


def times(running: Running) -> dict[str, int]:
    """How often each record of the stream has come to its function."""
    items = running.aws.call("dynamodb", "Scan", {"TableName": "NotesTable"})["Items"]
    return {item["id"]["S"]: int(item["deliveries"]["N"]) for item in items if "deliveries" in item}


def test_data_survive_a_stop(start: Callable[..., Running]) -> None:
    running = start().ready()
    put(running, "kept", text="Grüße \u2603")
    assert running.post("/mail", {"to": "a@example.com", "subject": "Hi", "text": "t", "html": "h"}).status == 200
    mails = running.get("/_local/inbox.json").json
    running.stop()
    running = start().ready()
    item = running.aws.call("dynamodb", "GetItem", {"TableName": "NotesTable", "Key": {"id": {"S": "kept"}}})["Item"]
    assert item["text"]["S"] == "Grüße \u2603"
    assert running.get("/_local/inbox.json").json == mails
    assert (running.data / "cloud/1/journal.jsonl").stat().st_size == 0, "a clean stop leaves a snapshot and no journal"


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
    assert acknowledged <= ids(running)
    running.kill()
    running = start().ready()
    assert acknowledged <= ids(running)


def test_nothing_acknowledged_is_lost_when_the_runner_is_killed_at_any_moment(start: Callable[..., Running]) -> None:
    chance = random.Random(7)  # noqa: S311
    acknowledged: set[str] = set()
    for round_ in range(3):
        running = start().ready()
        stop = threading.Timer(chance.uniform(0.0, 0.3), running.process.kill)
        stop.start()
        with pytest.raises((OSError, AssertionError)):
            for number in range(100_000):
                put_once(running, name := f"{round_}-{number}")
                acknowledged.add(name)
        running.kill()
    running = start().ready()
    assert acknowledged <= ids(running)
    assert ", 0 with another outcome" in (running.data / "ministack.log").read_text().splitlines()[-1]


def put_once(running: Running, name: str) -> None:
    """Put an item through MiniStack's own door, without the client's patience."""
    status, _ = running.aws._request_once("POST", "/", json.dumps(put_request(name)), put_headers(running))
    assert status == 200


def put_request(name: str) -> dict[str, Any]:
    return {"TableName": "NotesTable", "Item": {"id": {"S": name}}}


def put_headers(running: Running) -> dict[str, str]:
    return {"X-Amz-Target": "DynamoDB_20120810.PutItem", "Authorization": running.aws.authorization("dynamodb")}


def test_a_line_that_was_not_finished_is_dropped_and_the_rest_kept(start: Callable[..., Running]) -> None:
    running = start().ready()
    put(running, "whole")
    running.kill()
    journal = running.data / "cloud/0/journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b'["POST","/","",[["x-amz-tar')
    running = start().ready()
    put(running, "after")
    running.kill()
    running = start().ready()
    assert {"whole", "after"} <= ids(running)


def test_a_snapshot_that_was_not_finished_is_dropped(start: Callable[..., Running]) -> None:
    running = start().ready()
    put(running, "kept")
    running.kill()
    half = running.data / "cloud/1.new"
    half.mkdir()
    (half / "dynamodb.json").write_text('{"half')
    running = start().ready()
    assert "kept" in ids(running)
    assert not half.exists()


@pytest.mark.parametrize("file", ["journal.jsonl", "dynamodb.json"])
def test_damaged_data_are_named_and_left_alone(start: Callable[..., Running], file: str) -> None:
    running = start().ready()
    put(running, "kept")
    running.stop()
    damaged = running.data / "cloud/1" / file
    damaged.write_text("not JSON\n")
    running = start()
    running.says("damaged|cannot be read")
    assert running.process.wait(30) == 1
    assert damaged.read_text() == "not JSON\n"


def test_transactions_are_replayed_as_they_went(start: Callable[..., Running]) -> None:
    running = start().ready()
    write = {"Put": {"TableName": "NotesTable", "Item": {"id": {"S": "one"}}, "ConditionExpression": "attribute_not_exists(id)"}}
    request = {"TransactItems": [write], "ClientRequestToken": "the-same"}
    running.aws.call("dynamodb", "TransactWriteItems", request)
    with pytest.raises(AwsError, match="TransactionCanceled"):
        running.aws.call("dynamodb", "TransactWriteItems", {**request, "ClientRequestToken": "another"})
    os.kill(ministack_pid(running), signal.SIGKILL)
    # The same token is the same transaction, also for the MiniStack that took over.
    running.aws.call("dynamodb", "TransactWriteItems", request)
    counted = {"TableName": "NotesTable", "Key": {"id": {"S": "count"}}, "UpdateExpression": "ADD n :one"}
    for _ in range(3):
        running.aws.call("dynamodb", "UpdateItem", {**counted, "ExpressionAttributeValues": {":one": {"N": "1"}}})
    for _ in range(2):
        running.kill()
        running = start().ready()
        item = running.aws.call("dynamodb", "GetItem", {"TableName": "NotesTable", "Key": {"id": {"S": "count"}}})["Item"]
        assert item["n"]["N"] == "3", "nothing is applied twice"


def test_each_record_of_a_stream_is_delivered_across_kills(start: Callable[..., Running]) -> None:
    running = start().ready()
    sent = set()
    for kill in (lambda: os.kill(ministack_pid(running), signal.SIGKILL), running.kill, running.stop):
        for _ in range(10):
            name = f"event-{len(sent)}"
            assert running.post("/write/EventsTable", {"id": name}).status == 201
            sent.add(name)
        kill()
        if running.process.poll() is not None:
            running = start().ready()
    eventually(lambda: sent <= times(running).keys(), what="the deliveries")
    delivered = times(running)
    assert sum(delivered.values()) <= len(sent) + 20, "only the batch at the moment of a kill may come twice"


def test_what_was_not_delivered_at_a_stop_is_delivered_after_it(start: Callable[..., Running], project: Any) -> None:
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
