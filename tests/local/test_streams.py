"""A DynamoDB stream and its function."""

import errno
import json
import time
from pathlib import Path

import pytest

from local.aws.filters import passes
from local.aws.streams import Checkpoints
from tests.local.harness import RunnerProcess, delivery_counts, eventually


def write(runner: RunnerProcess, *names: str) -> None:
    for name in names:
        assert runner.post("/write/EventsTable", {"id": name}).status == 201


def failed(runner: RunnerProcess) -> list[dict[str, object]]:
    url = runner.aws.call("sqs", "GetQueueUrl", {"QueueName": "FailedQueue"})["QueueUrl"]
    received = runner.aws.call(
        "sqs", "ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0}
    )
    return [json.loads(message["Body"]) for message in received.get("Messages", [])]


def test_record_is_delivered_at_once(runner: RunnerProcess) -> None:
    write(runner, "warm-up")
    eventually(lambda: delivery_counts(runner).get("warm-up") == 1, what="the first delivery")
    write(runner, "quick")
    begin = time.perf_counter()
    eventually(lambda: delivery_counts(runner).get("quick") == 1, what="the delivery")
    assert time.perf_counter() - begin < 0.5


def test_only_matching_records_are_delivered(runner: RunnerProcess) -> None:
    write(runner, "twice", "twice", "marker")
    eventually(lambda: "marker" in delivery_counts(runner), what="the delivery")
    assert delivery_counts(runner)["twice"] == 1, "the second write is a MODIFY, and the filter wants INSERT"


def test_record_that_fails_is_retried_and_sent_to_the_queue(runner: RunnerProcess) -> None:
    write(runner, "before", "poison-1", "after")
    eventually(lambda: {"before", "after"} <= delivery_counts(runner).keys(), what="the deliveries around it")
    messages = eventually(lambda: failed(runner), what="the message in the queue")
    assert messages[0]["requestContext"]["condition"] == "RetryAttemptsExhausted"  # type: ignore[index]
    assert messages[0]["DDBStreamBatchInfo"]["batchSize"] == 1  # type: ignore[index]
    assert "poison-1" not in delivery_counts(runner)
    assert delivery_counts(runner)["before"] == delivery_counts(runner)["after"] == 1


def test_batch_whose_function_raises_is_split(runner: RunnerProcess) -> None:
    write(runner, "calm-1", "raise-1", "calm-2")
    eventually(
        lambda: {"calm-1", "calm-2"} <= delivery_counts(runner).keys(), what="the records beside the one that fails"
    )
    runner.wait_for_line("ConsumeFunction: gave up on 1 record")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"eventName": ["INSERT"]}, True),
        ({"eventName": ["REMOVE", "MODIFY"]}, False),
        ({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["mail"]}}}}, True),
        ({"dynamodb": {"NewImage": {"kind": {"S": [{"prefix": "ma"}]}}}}, True),
        ({"dynamodb": {"NewImage": {"kind": {"S": [{"suffix": "xx"}]}}}}, False),
        ({"dynamodb": {"NewImage": {"kind": {"S": [{"equals-ignore-case": "MAIL"}]}}}}, True),
        ({"dynamodb": {"NewImage": {"kind": {"S": [{"anything-but": ["mail"]}]}}}}, False),
        ({"dynamodb": {"NewImage": {"gone": [{"exists": False}]}}}, True),
        ({"dynamodb": {"NewImage": {"kind": [{"exists": True}]}}}, True),
        ({"dynamodb": {"NewImage": {"n": {"N": [{"numeric": [">", 1, "<=", 3]}]}}}}, True),
        ({"dynamodb": {"NewImage": {"n": {"N": [{"numeric": ["=", 4]}]}}}}, False),
        ({"dynamodb": {"NewImage": {"n": {"N": [{"numeric": ["<", 9]}, None]}}}}, True),
        ({"$or": [{"eventName": ["REMOVE"]}, {"dynamodb": {"NewImage": {"n": {"N": ["3"]}}}}]}, True),
        ({"missing": {"deeper": ["x"]}}, False),
    ],
)
def test_record_is_delivered_only_if_it_matches_the_pattern(pattern: dict[str, object], *, expected: bool) -> None:
    record = {"eventName": "INSERT", "dynamodb": {"NewImage": {"kind": {"S": "mail"}, "n": {"N": "3"}}}}
    assert passes(record, [pattern]) is expected


def test_unknown_filter_rule_is_an_error() -> None:
    with pytest.raises(ValueError, match="wildcard is not a filter rule"):
        passes({"a": "b"}, [{"a": [{"wildcard": "*"}]}])


def test_every_record_passes_without_patterns() -> None:
    assert passes({}, [])


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"{}", b"[]", b"null", b"\xff", b'{"generation": 3}', b'{"generation": 3, "delivered": []}'),
        b'{"generation": 3, "delivered": {"source": "many"}}',
        b'{"generation": 2, "delivered": {"source": 7}}',
    ],
)
def test_unusable_checkpoints_start_from_zero(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "streams.json"
    path.write_bytes(content)
    checkpoints = Checkpoints(path, 3)
    checkpoints.add("source", 2)
    assert checkpoints.delivered("source") == 2
    assert Checkpoints(path, 3).delivered("source") == 2


def test_checkpoints_that_do_not_fit_on_the_disk_are_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    checkpoints = Checkpoints(tmp_path / "streams.json", 3)
    checkpoints.add("source", 2)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", refuse)
        checkpoints.add("source", 2)
    assert Checkpoints(tmp_path / "streams.json", 3).delivered("source") == 2
    checkpoints.add("source", 1)
    assert Checkpoints(tmp_path / "streams.json", 3).delivered("source") == 5
