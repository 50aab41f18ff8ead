"""The retry_emails job: which entries it tries, its pauses, when it gives up, and what it logs."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine

from shared.core import clock, tables
from shared.mail import providers
from shared.mail.providers import TransientFailure
from shared.records import outbox
from tests.support import faults, stored
from tests.support.api import Context, Inbox, deliver, entries, load, retry
from tests.support.faults import Wire

ADA = "ada@example.com"
START = 1_900_000_000
DETAILS = {"user_agent": "Burner", "ip": "192.0.2.1"}
Clock = time_machine.Traveller


@pytest.fixture
def now(inbox: Inbox) -> Iterator[Clock]:  # noqa: ARG001  # set up before the clock is frozen
    """The clock, frozen."""
    with time_machine.travel(START, tick=False) as now:
        yield now


def queue(*addresses: str) -> None:
    """Add an email to each address to the outbox."""
    for address in addresses or (ADA,):
        tables.write(outbox.sending("new_device", address, **DETAILS))


def only_entry() -> dict[str, Any]:
    (entry,) = stored.items("OutboxTable")
    stored.check_outbox_entry(entry)
    return entry


def pause() -> int:
    """Return the seconds until the only email is due."""
    return int(only_entry()["retryAt"]) - int(clock.now())


def logged(caplog: pytest.LogCaptureFixture, message: str) -> list[dict[str, Any]]:
    return [record.fields for record in caplog.records if record.getMessage() == message]  # type: ignore[attr-defined]


# Due entries ---------------------------------------------------------------------------------------


def test_entry_missed_by_the_stream_is_sent_after_two_minutes(inbox: Inbox, now: Clock) -> None:
    queue()
    now.shift(119)
    retry()
    assert inbox.sent == []
    now.shift(1)
    retry()
    assert len(inbox.sent) == 1
    assert stored.state(only_entry()) == "done"
    retry()
    assert len(inbox.sent) == 1


def test_stream_sends_until_the_job_takes_over(inbox: Inbox, now: Clock) -> None:
    queue("early@example.com", "late@example.com")
    early, late = entries()
    now.shift(119)
    assert deliver(early) == {"batchItemFailures": []}
    now.shift(1)
    assert deliver(late) == {"batchItemFailures": []}
    assert len(inbox.sent) == 1
    retry()
    assert len(inbox.sent) == 2


@pytest.mark.usefixtures("inbox")
def test_stream_holds_a_late_entry_for_a_lease_of_its_own(now: Clock) -> None:
    queue()
    now.shift(119)
    assert outbox.claim_new(only_entry()["id"]) is not None
    now.shift(119)
    assert not any(outbox.backlog(shard).due for shard in outbox.SHARDS)


def test_parts_are_delivered_by_themselves(inbox: Inbox, now: Clock) -> None:
    queue(*(f"user{number}@example.com" for number in range(20)))
    now.shift(120)
    shards = [entry["unsent"] for entry in stored.items("OutboxTable")]
    for shard in outbox.SHARDS:
        before = len(inbox.sent)
        load("jobs/retry_emails").handler({"part": shard}, Context())
        assert len(inbox.sent) - before == shards.count(shard)
    assert len(inbox.sent) == 20


def test_longest_overdue_entry_is_first(inbox: Inbox, now: Clock) -> None:
    for number in range(12):
        queue(f"user{number}@example.com")
        now.shift(1)
    now.shift(120)
    for shard in outbox.SHARDS:
        inbox.sent.clear()
        load("jobs/retry_emails").handler({"part": shard}, Context())
        numbers = [int(email.to.removeprefix("user").removesuffix("@example.com")) for email in inbox.sent]
        assert numbers == sorted(numbers)


def test_entries_without_enough_time_are_left_to_the_next_run(
    inbox: Inbox, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_shard_of", lambda _: outbox.SHARDS[0])
    queue(*(f"user{number}@example.com" for number in range(3)))
    now.shift(120)
    load("jobs/retry_emails").handler({}, Context(left=(60_000, 30_000)))
    assert len(inbox.sent) == 1
    assert {entry["attempts"] for entry in stored.items("OutboxTable")} == {0, 1}
    retry()
    assert len(inbox.sent) == 3


def test_more_entries_than_one_read_returns_are_all_sent(
    inbox: Inbox, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_MAX_DUE", 2)
    queue(*(f"user{number}@example.com" for number in range(20)))
    now.shift(120)
    for _ in range(20):
        retry()
    assert len({email.to for email in inbox.sent}) == len(inbox.sent) == 20


def test_no_entry_is_claimed_while_all_circuits_are_open(inbox: Inbox, now: Clock, wire: Wire) -> None:
    queue(*(f"user{number}@example.com" for number in range(9)))
    now.shift(120)
    wire.fail(faults.read_timeout, on="SendEmail")
    retry()
    assert sorted(entry["attempts"] for entry in stored.items("OutboxTable")) == [0] * 4 + [1] * 5
    wire.reset()
    now.shift(29)
    retry()
    assert inbox.sent == []
    now.shift(31)
    retry()
    assert len(inbox.sent) == 9


# Pauses --------------------------------------------------------------------------------------------


def test_pauses_double_from_30_seconds_to_an_hour(
    inbox: Inbox, now: Clock, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "randint", lambda _, most: most)
    queue()
    (entry,) = entries()
    wire.fail(faults.error("SendingPausedException"), on="SendEmail")
    deliver(entry)
    pauses = [pause()]
    for _ in range(9):
        now.shift(pauses[-1])
        retry()
        pauses.append(pause())
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert only_entry()["lastError"] == "ses_SendingPausedException"
    assert inbox.sent == []


@pytest.mark.usefixtures("now")
def test_pauses_are_random_but_at_least_half(wire: Wire) -> None:
    queue(*(f"user{number}@example.com" for number in range(30)))
    wire.fail(faults.read_timeout, on="SendEmail")
    deliver(*entries())
    # Five failures open the circuit of SES; the other emails wait until it may close.
    pauses = sorted(entry["retryAt"] - START for entry in stored.items("OutboxTable"))
    assert pauses[0] >= 15
    assert len(set(pauses)) > 5


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize(("retry_after", "least", "most"), [(600, 600, 630), (10**9, 21600, 21630), (1, 1, 31)])
def test_retry_after_of_a_provider_is_respected(
    monkeypatch: pytest.MonkeyPatch, retry_after: int, least: int, most: int
) -> None:
    def fail(*_: object) -> None:
        raise TransientFailure("sendgrid_429", retry_after)

    monkeypatch.setattr(providers, "send", fail)
    queue()
    deliver(*entries())
    assert least <= pause() <= most


# Giving up -----------------------------------------------------------------------------------------


def test_email_is_dead_and_kept_after_failing_for_a_day(
    inbox: Inbox, now: Clock, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    queue()
    wire.fail(faults.error("SendingPausedException"), on="SendEmail")
    deliver(*entries())
    attempts = 1
    while stored.state(only_entry()) == "waiting":
        now.move_to(only_entry()["retryAt"])
        retry()
        attempts += 1
    tried_for = int(clock.now()) - START
    assert 22 * 3600 < tried_for <= 24 * 3600
    assert 25 < attempts < 60
    assert logged(caplog, "email given up")[0]["reason"] == "ses_SendingPausedException"
    wire.reset()
    now.shift(90 * 86400)
    retry()
    assert stored.state(only_entry()) == "dead"
    assert inbox.sent == []


# Logs ----------------------------------------------------------------------------------------------


def test_log_counts_waiting_due_and_dead_entries_and_the_oldest_age(
    now: Clock, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "api_routes")
    retry()
    queue("dead@example.com")
    wire.fail(faults.error("MessageRejected"), on="SendEmail", times=1)
    deliver(*entries())
    for _ in range(3):
        now.shift(50)
        queue()
    wire.fail(faults.read_timeout, on="SendEmail")
    retry()
    now.shift(50)
    retry()
    lines = logged(caplog, "outbox")
    waiting = [line for line in lines if line["part"] in outbox.SHARDS]
    assert [line for line in lines if line not in waiting] == [{"part": "held", "held": 0, "dead": 1}] * 2
    assert sum(line["waiting"] for line in waiting) == 3 + 3
    assert sum(line["due"] for line in waiting) == 1
    assert max(line["oldestSeconds"] for line in waiting) == 150


def test_logs_contain_no_address(now: Clock, wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "api_routes")
    queue()
    wire.fail(faults.error("MessageRejected"), on="SendEmail", times=1)
    deliver(*entries())
    queue()
    wire.fail(faults.read_timeout, on="SendEmail")
    now.shift(120)
    retry()
    assert logged(caplog, "email rejected")
    assert logged(caplog, "email postponed")
    assert ADA not in caplog.text + repr([getattr(record, "fields", "") for record in caplog.records])


# Concurrency ---------------------------------------------------------------------------------------


def while_sending(act: Callable[[], object], wire: Wire) -> None:
    """Run `act` while an email is being sent, so that its entry is claimed."""
    wire.meanwhile(act, before="SendEmail")


def test_email_being_sent_is_not_claimed_again(inbox: Inbox, now: Clock, wire: Wire) -> None:
    queue()
    (entry,) = entries()

    def other_functions() -> None:
        retry()
        deliver(entry)
        now.shift(59)
        retry()

    while_sending(other_functions, wire)
    deliver(entry)
    assert len(inbox.sent) == 1


def test_late_failure_does_not_reopen_a_done_entry(inbox: Inbox, now: Clock, wire: Wire) -> None:
    """A function frozen while sending resumes after another sent the email: its failure changes nothing."""
    queue()

    def other_function() -> None:
        now.shift(120)
        retry()
        wire.fail(faults.read_timeout, on="SendEmail", times=1)

    while_sending(other_function, wire)
    deliver(*entries())
    assert stored.state(only_entry()) == "done"
    assert len(inbox.sent) >= 1


def test_entry_is_claimed_once_and_an_expired_claim_changes_nothing(now: Clock) -> None:
    queue()
    late = outbox.claim_new(only_entry()["id"])
    now.shift(120)
    (pending,) = (unsent for shard in outbox.SHARDS for unsent in outbox.backlog(shard).due)
    holder = outbox.claim(pending)
    assert late is not None
    assert holder is not None
    assert outbox.claim(pending) is None
    outbox.postpone(late, "late")
    outbox.mark_dead(late, "late")
    entry = only_entry()
    assert (stored.state(entry), entry["retryAt"], entry["attempts"]) == ("waiting", holder.retry_at, 2)
    assert "lastError" not in entry


def test_late_success_marks_a_dead_entry_as_done(inbox: Inbox, now: Clock, wire: Wire) -> None:
    queue()

    def other_function() -> None:
        now.shift(120)
        wire.fail(faults.error("MessageRejected"), on="SendEmail", times=1)
        retry()
        wire.reset()
        assert stored.state(only_entry()) == "dead"

    while_sending(other_function, wire)
    deliver(*entries())
    assert len(inbox.sent) == 1
    assert stored.state(only_entry()) == "done"
