"""Several deliver the same mails at once, against MiniStack: each mail is sent once."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import time_machine

from shared.core import aws, tables
from shared.mail import delivery
from shared.records import outbox
from tests.support import faults, stored
from tests.support.api import Context, Inbox, entries, load, redrive, retry
from tests.support.faults import Wire

pytestmark = pytest.mark.thorough

NOON = 1_900_000_000
MAILS = 24


@pytest.fixture
def fake_aws(ministack: None) -> None:  # noqa: ARG001  # where it is
    """MiniStack in place of moto."""
    for job in ("deliver_email", "retry_emails", "redrive_emails"):
        load(f"jobs/{job}")


def decide() -> list[str]:
    """Decide on mails; give their ids."""
    for number in range(MAILS):
        details = {"user_agent": "Burner", "ip": "192.0.2.1"}
        tables.write(outbox.sending("new_device", f"user{number}@example.com", **details))
    return [entry["id"]["S"] for entry in entries()]


def by_stream(ids: list[str]) -> None:
    # Not by the function: its batch processor is made for one batch at a time, as Lambda hands them over.
    for entry_id in ids:
        entry = outbox.claim_new(entry_id)
        if entry is not None:
            delivery.deliver(entry)


def at_once(*acts: Callable[[], object]) -> None:
    start = Barrier(len(acts))

    def act(which: Callable[[], object]) -> None:
        start.wait()
        which()

    with ThreadPoolExecutor(len(acts)) as threads:
        list(threads.map(act, acts))


def check(inbox: Inbox) -> None:
    counted = Counter(mail.headers["X-Outbox-Id"] for mail in inbox.sent)
    assert len(counted) == MAILS
    assert set(counted.values()) == {1}
    stored.check()
    assert {stored.state(entry) for entry in stored.items("OutboxTable")} == {"done"}


def test_one_batch_that_the_stream_hands_to_four(inbox: Inbox) -> None:
    ids = decide()
    at_once(*(lambda: by_stream(ids) for _ in range(4)))
    check(inbox)


def test_four_retry_jobs(inbox: Inbox) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        decide()
        now.shift(120)
        at_once(*(retry for _ in range(4)))
        check(inbox)


@pytest.mark.parametrize("late", [59, 60, 119, 120])
def test_the_stream_and_the_retry_job(inbox: Inbox, late: int) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        ids = decide()
        now.shift(late)
        at_once(lambda: by_stream(ids), retry, lambda: by_stream(ids), retry)
        now.shift(120)
        retry()
        check(inbox)


def test_a_redrive_while_the_retry_job_runs(inbox: Inbox, wire: Wire) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        ids = decide()
        wire.fail(faults.error("MessageRejected"), on="SendEmail", times=MAILS // 2)
        by_stream(ids[: MAILS // 2])
        wire.reset()
        assert len([entry for entry in stored.items("OutboxTable") if stored.state(entry) == "dead"]) == MAILS // 2
        now.shift(120)
        at_once(retry, redrive, retry, redrive, retry)
        retry()
        check(inbox)


def test_four_redrives_put_each_mail_back_once(inbox: Inbox, wire: Wire) -> None:
    ids = decide()
    wire.fail(faults.error("MessageRejected"), on="SendEmail")
    by_stream(ids)
    wire.reset()
    answers: list[dict[str, int]] = []
    at_once(*(lambda: answers.append(redrive()) for _ in range(4)))
    assert sum(answer["emails"] for answer in answers) == MAILS
    retry()
    check(inbox)


def test_the_queues_notes_are_removed(inbox: Inbox) -> None:
    assert inbox.sent == []
    for number in range(12):
        aws.sqs().send_message(QueueUrl="UndeliveredEmailQueue", MessageBody=str(number))
    assert redrive() == {"emails": 0, "notes": 12}


def test_ministacks_index_holds_what_is_not_done_and_when_it_was_decided_on(inbox: Inbox) -> None:
    ids = decide()
    assert inbox.sent == []
    found = outbox.backlog()
    assert (found.waiting, found.dead, found.due) == (MAILS, 0, ())
    by_stream(ids)
    assert outbox.backlog() == outbox.Backlog((), 0, 0, 0)
    assert Context().get_remaining_time_in_millis() == 60_000
