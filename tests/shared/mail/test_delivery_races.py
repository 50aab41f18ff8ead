"""Concurrent deliveries of the same emails, against MiniStack, whose writes are isolated like DynamoDB's.

The stream's function, the retry job and the redrive job run at the same moment, in up to five threads. Whichever of
them claims an email first, each email must be sent exactly once.
"""

from collections import Counter
from functools import partial

import pytest
import time_machine

from shared.core import aws, config, tables
from shared.mail import delivery
from shared.records import budgets, outbox
from tests.support import faults, stored
from tests.support.api import Inbox, entries, load, redrive, retry
from tests.support.faults import Wire
from tests.support.threads import at_once

pytestmark = pytest.mark.thorough

NOON = 1_900_000_000
EMAIL_COUNT = 24


@pytest.fixture
def fake_aws(ministack: None) -> None:  # noqa: ARG001  # replaces moto
    """MiniStack in place of moto."""
    for job in ("deliver_email", "retry_emails", "redrive_emails"):
        load(f"jobs/{job}")


def add_emails() -> list[str]:
    """Add emails to the outbox. Return their ids."""
    for number in range(EMAIL_COUNT):
        details = {"user_agent": "Burner", "ip": "192.0.2.1"}
        tables.write(outbox.sending("new_device", f"user{number}@example.com", **details))
    return [entry["id"]["S"] for entry in entries()]


def deliver_new(ids: list[str]) -> None:
    """Deliver like the stream's function, whose own batch processor handles only one batch at a time."""
    for entry_id in ids:
        entry = outbox.claim_new(entry_id)
        if entry is not None:
            delivery.deliver(entry)


def check(inbox: Inbox) -> None:
    sends = Counter(email.headers["X-Outbox-Id"] for email in inbox.sent)
    assert len(sends) == EMAIL_COUNT
    assert set(sends.values()) == {1}
    stored.check()
    assert {stored.state(entry) for entry in stored.items("OutboxTable")} == {"done"}


def test_batch_given_to_four_functions_is_sent_once(inbox: Inbox) -> None:
    ids = add_emails()
    at_once(*(lambda: deliver_new(ids) for _ in range(4)))
    check(inbox)


def test_four_retry_jobs_send_each_email_once(inbox: Inbox) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        add_emails()
        now.shift(120)
        at_once(*(retry for _ in range(4)))
        check(inbox)


@pytest.mark.parametrize("late", [59, 60, 119, 120])
def test_stream_and_retry_job_send_each_email_once(inbox: Inbox, late: int) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        ids = add_emails()
        now.shift(late)
        at_once(lambda: deliver_new(ids), retry, lambda: deliver_new(ids), retry)
        now.shift(120)
        retry()
        check(inbox)


def test_redrives_and_retry_jobs_send_each_email_once(inbox: Inbox, wire: Wire) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        ids = add_emails()
        wire.fail(faults.error("MessageRejected"), on="SendEmail", times=EMAIL_COUNT // 2)
        deliver_new(ids[: EMAIL_COUNT // 2])
        wire.reset()
        assert (
            len([entry for entry in stored.items("OutboxTable") if stored.state(entry) == "dead"]) == EMAIL_COUNT // 2
        )
        now.shift(120)
        at_once(retry, redrive, retry, redrive, retry)
        retry()
        check(inbox)


def test_four_concurrent_redrives_put_each_email_back_once(inbox: Inbox, wire: Wire) -> None:
    ids = add_emails()
    wire.fail(faults.error("MessageRejected"), on="SendEmail")
    deliver_new(ids)
    wire.reset()
    results: list[dict[str, int]] = []
    at_once(*(lambda: results.append(redrive()) for _ in range(4)))
    assert sum(result["emails"] for result in results) == EMAIL_COUNT
    retry()
    check(inbox)


def test_redrive_deletes_the_messages_in_the_queue(inbox: Inbox) -> None:
    assert inbox.sent == []
    for number in range(12):
        aws.sqs().send_message(QueueUrl="UndeliveredEmailQueue", MessageBody=str(number))
    assert redrive() == {"emails": 0, "batches": 12}


@pytest.mark.usefixtures("fake_aws")
def test_parallel_senders_stay_within_a_budget_and_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMAILS_TO_OTHERS", "40")
    config.settings.cache_clear()
    assert sum(at_once(*[partial(budgets.take, "others")] * 64)) == 40
    assert sum(at_once(*[partial(budgets.take_share, "198.51.100.1")] * 64)) == 2


def waiting() -> int:
    return sum(outbox.backlog(shard).waiting for shard in outbox.SHARDS)


def test_index_contains_only_unsent_emails(inbox: Inbox) -> None:
    ids = add_emails()
    assert inbox.sent == []
    assert (waiting(), outbox.count_dead()) == (EMAIL_COUNT, 0)
    assert not any(outbox.backlog(shard).due for shard in outbox.SHARDS)
    deliver_new(ids)
    assert (waiting(), outbox.count_dead(), outbox.count_held()) == (0, 0, 0)
