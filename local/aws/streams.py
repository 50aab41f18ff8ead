"""Deliver DynamoDB streams to the functions of the template, like Lambda's event source mappings.

Delivery is in order and at least once. A function's position is the number of records since the last snapshot
(`local.aws.durable`): replaying the journal gives the records new sequence numbers, but keeps their order.

https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
"""

import contextlib
import json
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.aws import ACCOUNT, REGION
from local.aws.client import AwsError, MiniStackGoneError
from local.aws.filters import passes
from local.aws.ministack import MiniStack
from local.console import Console
from local.errors import is_disk_full
from local.functions.pool import FunctionError, Result
from local.template import StreamSource

Record = dict[str, Any]
Invoke = Callable[[str, str], Result]

# How often a stream is read without a notification of a change (`MiniStack.wakeups`), in seconds.
_IDLE_SECONDS = 5.0
_FIRST_PAUSE, _MAX_PAUSE = 0.5, 60.0


class Checkpoints:
    """The number of records that each source has delivered since the snapshot `generation`, in a file."""

    def __init__(self, path: Path, generation: int) -> None:
        self.lock = threading.RLock()
        self._path, self._generation = path, generation
        self._delivered: dict[str, int] = {}
        with contextlib.suppress(FileNotFoundError, ValueError):
            # Everything before a snapshot has been delivered, so numbers since an older one are obsolete.
            match json.loads(path.read_text(encoding="utf-8")):
                case {"generation": stored, "delivered": dict(delivered)} if stored == generation:
                    self._delivered = {source: count for source, count in delivered.items() if isinstance(count, int)}

    def delivered(self, source: str) -> int:
        """Return how many records of the current generation the source has delivered."""
        return self._delivered.get(source, 0)

    def add(self, source: str, count: int) -> None:
        """Add `count` delivered records."""
        with self.lock:
            self._delivered[source] = self.delivered(source) + count
            self._write()

    def begin(self, generation: int) -> None:
        """Start again from zero after a snapshot. Hold the lock from before the request for the snapshot."""
        if generation != self._generation:
            self._generation, self._delivered = generation, {}
            self._write()

    def _write(self) -> None:
        temporary = self._path.with_suffix(".new")
        try:
            temporary.write_text(
                json.dumps({"generation": self._generation, "delivered": self._delivered}), encoding="utf-8"
            )
            temporary.replace(self._path)
        except OSError as problem:
            if not is_disk_full(problem):
                raise
            # An older file is valid: after a restart, records since then are delivered again. The next write has all.


@dataclass(frozen=True)
class Dependencies:
    """The objects that all sources share."""

    ministack: MiniStack
    checkpoints: Checkpoints
    invoke: Invoke
    console: Console


class Streams:
    """The sources of a project."""

    def __init__(self, ministack: MiniStack, checkpoints: Checkpoints, console: Console) -> None:
        self._ministack, self._checkpoints, self._console = ministack, checkpoints, console
        self._sources: list[Source] = []

    def serve(self, declared: tuple[StreamSource, ...], invoke: Invoke) -> None:
        """Replace the sources. One that was there before continues at its position."""
        self.stop()
        positions = {source.declared.name: source.position for source in self._sources}
        dependencies = Dependencies(self._ministack, self._checkpoints, invoke, self._console)
        self._sources = [Source(source, dependencies, positions.get(source.name, Position())) for source in declared]
        self._ministack.wakeups = [source.wakeup for source in self._sources]

    def retry_now(self) -> None:
        """Retry without waiting for the end of the pause: the code has changed."""
        for source in self._sources:
            source.retry.set()

    def drain(self, seconds: float) -> None:
        """Wait until all records are delivered, for at most `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not all(source.idle for source in self._sources):
            time.sleep(0.01)

    def compact(self, *, now: bool = False) -> None:
        """Replace a long journal (`now`: any) by a snapshot, if every record is delivered."""
        with self._checkpoints.lock:
            known = self._ministack.state()
            wanted = known.journal > 0 if now else known.is_journal_long
            # A snapshot does not contain stream records. After a change that is not in `known`, none is written.
            if wanted and all(source.has_delivered_all() for source in self._sources):
                self._checkpoints.begin(self._ministack.snapshot(known).generation)

    def stop(self) -> None:
        """Stop delivering when the batches in progress are processed."""
        for source in self._sources:
            source.stop()


@dataclass(frozen=True)
class Position:
    """The sequence number of the last delivered record, and the MiniStack process in which it is valid."""

    incarnation: int = -1
    last_delivered: str | None = None


class Source:
    """One stream and its function, in a thread of its own."""

    def __init__(self, declared: StreamSource, dependencies: Dependencies, position: Position) -> None:
        self.declared, self._ministack, self._aws = declared, dependencies.ministack, dependencies.ministack.aws
        self._checkpoints, self._invoke, self._console = (
            dependencies.checkpoints,
            dependencies.invoke,
            dependencies.console,
        )
        self.wakeup = threading.Event()
        # Ends the pause before a retry.
        self.retry = threading.Event()
        self._at_end = False
        self._stopping = False
        self._iterator: str | None = None
        self._last_delivered, self._incarnation = position.last_delivered, position.incarnation
        self._outstanding = 0
        self._stream_arn = ""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def position(self) -> Position:
        """The position at which the next source of the same stream and function continues."""
        return Position(self._incarnation, self._last_delivered)

    @property
    def idle(self) -> bool:
        """Whether all records are delivered and no change has been notified since."""
        return self._at_end and not self.wakeup.is_set()

    def stop(self) -> None:
        """End the thread."""
        self._stopping = True
        self.wakeup.set()
        self.retry.set()
        self._thread.join(30)

    def has_delivered_all(self) -> bool:
        """Return whether the stream has no undelivered record. Hold the lock of the checkpoints."""
        if self._outstanding or self._iterator is None:
            return False
        page = self._aws.call("streams", "GetRecords", {"ShardIterator": self._iterator, "Limit": 1})
        return not page["Records"] and self._incarnation == self._ministack.incarnation

    def _run(self) -> None:
        while not self._stopping:
            self.wakeup.clear()
            incarnation = self._ministack.incarnation
            try:
                if records := self._read():
                    self._deliver(records)
                    continue
            except (AwsError, MiniStackGoneError) as problem:
                self._iterator = None
                # After a restart, the stream has another ARN.
                if self._ministack.incarnation == incarnation:
                    # When MiniStack is given up, which was reported, the runner stops.
                    if not self._aws.given_up:
                        self._console.warn(f"The stream of {self.declared.table} cannot be read ({problem}). Retrying.")
                    self.wakeup.wait(1.0)
            else:
                self._at_end = self._iterator is not None
                self.wakeup.wait(_IDLE_SECONDS)
        # Each thread has its own connection.
        self._aws.close()

    def _read(self) -> list[Record]:
        self._at_end = False
        incarnation = self._ministack.incarnation
        if incarnation != self._incarnation or self._iterator is None:
            self._seek(incarnation)
        page = self._aws.call(
            "streams", "GetRecords", {"ShardIterator": self._iterator, "Limit": self.declared.batch_size}
        )
        if self._ministack.incarnation != incarnation:
            # MiniStack was restarted during the request: in the new process, the iterator may be at another record.
            self.wakeup.set()
            return []
        records: list[Record] = page["Records"]
        with self._checkpoints.lock:
            self._iterator = page.get("NextShardIterator")
            self._outstanding = len(records)
        return records

    def _seek(self, incarnation: int) -> None:
        """Get an iterator at the first undelivered record."""
        described = self._aws.call("dynamodb", "DescribeTable", {"TableName": self.declared.table})["Table"]
        self._stream_arn = described["LatestStreamArn"]
        shards = self._aws.call("streams", "DescribeStream", {"StreamArn": self._stream_arn})["StreamDescription"][
            "Shards"
        ]
        shard = {"StreamArn": self._stream_arn, "ShardId": shards[0]["ShardId"]}
        skip = self._checkpoints.delivered(self.declared.name)
        iterator = None
        if incarnation == self._incarnation and self._last_delivered:
            skip = 0
            after = {**shard, "ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self._last_delivered}
            # An error means that the stream no longer has the record. All records that it still has are newer.
            with contextlib.suppress(AwsError):
                iterator = self._aws.call("streams", "GetShardIterator", after)["ShardIterator"]
        if iterator is None:
            first = {**shard, "ShardIteratorType": "TRIM_HORIZON"}
            iterator = self._aws.call("streams", "GetShardIterator", first)["ShardIterator"]
        while skip:
            page = self._aws.call("streams", "GetRecords", {"ShardIterator": iterator, "Limit": min(skip, 1000)})
            if not page["Records"]:
                break
            skip -= len(page["Records"])
            self._last_delivered = _sequence(page["Records"][-1])
            iterator = page["NextShardIterator"]
        self._iterator, self._incarnation = iterator, incarnation

    def _deliver(self, records: list[Record]) -> None:
        """Deliver the records in order. Failed batches are split or retried after growing pauses, then given up."""
        batches: deque[tuple[list[Record], int]] = deque([(records, 0)])
        while batches and not self._stopping:
            batch, retries = batches.popleft()
            wanted = [self._event_record(record) for record in batch if passes(record, self.declared.patterns)]
            if self._too_old(batch) and wanted:
                self._give_up(wanted, retries, "RecordAgeExceeded")
            elif wanted:
                failed = self._try(wanted)
                if failed is not None:
                    done = batch.index(next(r for r in batch if _sequence(r) == _sequence(wanted[failed])))
                    self._checkpoint(batch[:done])
                    batches.extendleft(reversed(self._after_failure(batch[done:], retries, progress=done > 0)))
                    continue
            self._checkpoint(batch)

    def _after_failure(self, batch: list[Record], retries: int, *, progress: bool) -> list[tuple[list[Record], int]]:
        """Return the batches to try next, with their retries, after the first record failed."""
        if progress:
            return [(batch, 0)]
        if self.declared.bisect and len(batch) > 1:
            # Splitting does not count as a retry.
            half = len(batch) // 2
            return [(batch[:half], retries), (batch[half:], 0)]
        if self.declared.max_retries is not None and retries >= self.declared.max_retries:
            self._give_up([self._event_record(record) for record in batch], retries, "RetryAttemptsExhausted")
            self._checkpoint(batch)
            return []
        pause = min(_FIRST_PAUSE * 2**retries, _MAX_PAUSE)
        self._console.warn(f"{self.declared.function}: {_sequence(batch[0])} failed; retrying in {pause:g} s.")
        self.retry.clear()
        if not self._stopping:
            self.retry.wait(pause)
        return [(batch, retries + 1)]

    def _try(self, records: list[Record]) -> int | None:
        """Invoke the function. Returns the index of the first record that failed, None if none did."""
        try:
            answer = json.loads(self._invoke(self.declared.function, json.dumps({"Records": records})).body)
        except FunctionError as problem:
            self._console.warn(f"{self.declared.function} failed on a batch of {len(records)}: {problem}")
            return 0
        if not self.declared.report_failures or not answer:
            return None
        failures = {failure.get("itemIdentifier") for failure in answer.get("batchItemFailures") or ()}
        if not failures:
            return None
        # For Lambda, an identifier that is not in the batch means that the whole batch failed.
        return next((index for index, record in enumerate(records) if _sequence(record) in failures), 0)

    def _too_old(self, batch: list[Record]) -> bool:
        max_age = self.declared.max_age
        age = time.time() - float(batch[0]["dynamodb"]["ApproximateCreationDateTime"])
        return max_age is not None and age > max_age

    def _checkpoint(self, done: list[Record]) -> None:
        if done:
            with self._checkpoints.lock:
                self._outstanding -= len(done)
                self._last_delivered = _sequence(done[-1])
                self._checkpoints.add(self.declared.name, len(done))

    def _event_record(self, record: Mapping[str, Any]) -> Record:
        return {**record, "eventSourceARN": self._stream_arn}

    def _give_up(self, records: list[Record], retries: int, condition: str) -> None:
        function = self.declared.function
        where = (
            f"sent to {self.declared.on_failure}"
            if self.declared.on_failure
            else "dropped: the template names no OnFailure destination"
        )
        self._console.warn(
            f"{function}: gave up on {len(records)} record(s) after {retries} retries ({condition}); {where}."
        )
        if self.declared.on_failure is None:
            return
        # https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
        arrivals = [
            datetime.fromtimestamp(float(r["dynamodb"]["ApproximateCreationDateTime"]), UTC).isoformat()
            for r in records
        ]
        message = {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}",
                "condition": condition,
                "approximateInvokeCount": retries + 1,
            },
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(),
            "DDBStreamBatchInfo": {
                "shardId": "shardId-00000000000000000000-00000000",
                "startSequenceNumber": _sequence(records[0]),
                "endSequenceNumber": _sequence(records[-1]),
                "approximateArrivalOfFirstRecord": arrivals[0],
                "approximateArrivalOfLastRecord": arrivals[-1],
                "batchSize": len(records),
                "streamArn": self._stream_arn,
            },
        }
        url = self._aws.call("sqs", "GetQueueUrl", {"QueueName": self.declared.on_failure})["QueueUrl"]
        self._aws.call("sqs", "SendMessage", {"QueueUrl": url, "MessageBody": json.dumps(message)})


def _sequence(record: Mapping[str, Any]) -> str:
    return str(record["dynamodb"]["SequenceNumber"])
