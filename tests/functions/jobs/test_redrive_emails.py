"""The redrive_emails job, which an operator starts by hand."""

import pytest
import time_machine

from shared.core import aws, tables
from shared.records import outbox
from tests.support import faults, stored
from tests.support.api import Inbox, deliver, entries, redrive, retry
from tests.support.faults import Wire

START = 1_900_000_000
QUEUE = "UndeliveredEmailQueue"


def store_dead(wire: Wire, count: int) -> None:
    """Store this many emails, and let SES reject them permanently."""
    for number in range(count):
        details = {"user_agent": "Burner", "ip": "192.0.2.1"}
        tables.write(outbox.sending("new_device", f"user{number}@example.com", **details))
    wire.fail(faults.error("MessageRejected"), on="SendEmail")
    deliver(*entries())
    wire.reset()
    assert states() == ["dead"] * count


def states() -> list[str]:
    for entry in stored.items("OutboxTable"):
        stored.check_outbox_entry(entry)
    return sorted(stored.state(entry) for entry in stored.items("OutboxTable"))


def test_dead_emails_are_due_at_once_and_retried_for_another_day(inbox: Inbox, wire: Wire) -> None:
    with time_machine.travel(START, tick=False) as now:
        store_dead(wire, 3)
        tables.write(outbox.sending("password_changed", "waiting@example.com"))
        now.shift(30 * 86400)
        assert redrive() == {"emails": 3, "batches": 0}
        assert states() == ["waiting"] * 4
        redriven = [entry for entry in stored.items("OutboxTable") if entry["kind"] == "new_device"]
        assert {(entry["attempts"], entry["retryAt"]) for entry in redriven} == {(0, START + 30 * 86400)}
        assert {entry["giveUpAt"] for entry in redriven} == {START + 31 * 86400}
        retry()
        assert len(inbox.sent) == 4
        assert states() == ["done"] * 4
        assert redrive() == {"emails": 0, "batches": 0}


def test_stream_ignores_redriven_entries(inbox: Inbox, wire: Wire) -> None:
    store_dead(wire, 1)
    redrive()
    assert deliver(*entries()) == {"batchItemFailures": []}
    assert inbox.sent == []
    retry()
    assert len(inbox.sent) == 1


def test_email_rejected_again_is_dead_again(inbox: Inbox, wire: Wire) -> None:
    store_dead(wire, 2)
    redrive()
    wire.fail(faults.error("MessageRejected"), on="SendEmail", times=1)
    retry()
    assert states() == ["dead", "done"]
    assert len(inbox.sent) == 1


@pytest.mark.usefixtures("inbox")
def test_failure_records_of_the_stream_are_removed() -> None:
    for number in range(23):
        aws.sqs().send_message(QueueUrl=QUEUE, MessageBody=f'{{"DDBStreamBatchInfo": {{"shardId": "{number}"}}}}')
    assert redrive() == {"emails": 0, "batches": 23}
    assert redrive() == {"emails": 0, "batches": 0}
