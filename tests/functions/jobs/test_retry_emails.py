"""The job of every minute: what it picks up, how long it waits in between, when it gives up, and what it tells."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine

from shared.core import clock, config, tables
from shared.mail import providers
from shared.mail.providers import TransientFailure
from shared.records import outbox
from tests.support import faults, stored
from tests.support.api import Context, Inbox, deliver, entries, load, retry
from tests.support.faults import Wire

ADA = "ada@example.com"
NOON = 1_900_000_000
DETAILS = {"user_agent": "Burner", "ip": "192.0.2.1"}
Clock = time_machine.Traveller


@pytest.fixture
def now(inbox: Inbox) -> Iterator[Clock]:  # noqa: ARG001  # before the clock stops
    """The clock, which stands still."""
    with time_machine.travel(NOON, tick=False) as now:
        yield now


def decide(*addresses: str) -> None:
    """Decide on a mail to each address."""
    for address in addresses or (ADA,):
        tables.write(outbox.sending("new_device", address, **DETAILS))


def only_entry() -> dict[str, Any]:
    (entry,) = stored.items("OutboxTable")
    stored.check_entry(entry)
    return entry


def waits() -> int:
    """Give the seconds until the only mail is due."""
    return int(only_entry()["retryAt"]) - int(clock.now())


def told(caplog: pytest.LogCaptureFixture, message: str) -> list[dict[str, Any]]:
    return [record.fields for record in caplog.records if record.getMessage() == message]  # type: ignore[attr-defined]


# What it picks up ----------------------------------------------------------------------------------


def test_what_the_stream_never_brought_is_sent_after_two_minutes(inbox: Inbox, now: Clock) -> None:
    decide()
    now.shift(119)
    retry()
    assert inbox.sent == []
    now.shift(1)
    retry()
    assert len(inbox.sent) == 1
    assert stored.state(only_entry()) == "done"
    retry()
    assert len(inbox.sent) == 1


def test_a_record_that_the_stream_brings_late_is_left_to_the_job(inbox: Inbox, now: Clock) -> None:
    decide()
    (entry,) = entries()
    now.shift(60)
    assert deliver(entry) == {"batchItemFailures": []}
    assert inbox.sent == []
    now.shift(60)
    retry()
    assert len(inbox.sent) == 1


def test_the_longest_overdue_goes_first(inbox: Inbox, now: Clock) -> None:
    for number in range(12):
        decide(f"user{number}@example.com")
        now.shift(1)
    now.shift(120)
    retry()
    assert [mail.to for mail in inbox.sent] == [f"user{number}@example.com" for number in range(12)]


def test_what_a_run_has_no_time_for_is_left_to_the_next(inbox: Inbox, now: Clock) -> None:
    decide(*(f"user{number}@example.com" for number in range(3)))
    now.shift(120)
    load("jobs/retry_emails").handler({}, Context(left=(60_000, 30_000, 15_000)))
    assert len(inbox.sent) == 2
    assert {entry["attempts"] for entry in stored.items("OutboxTable")} == {0, 1}
    retry()
    assert len(inbox.sent) == 3


def test_more_mails_than_the_index_gives_at_once_are_all_found(
    inbox: Inbox, now: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_MAX_DUE", 2)
    decide(*(f"user{number}@example.com" for number in range(20)))
    now.shift(120)
    for _ in range(20):
        retry()
    assert len({mail.to for mail in inbox.sent}) == len(inbox.sent) == 20


def test_while_every_provider_is_left_alone_no_mail_is_claimed(inbox: Inbox, now: Clock, wire: Wire) -> None:
    decide(*(f"user{number}@example.com" for number in range(9)))
    now.shift(120)
    wire.fails(faults.no_answer, on="SendEmail")
    retry()
    assert sorted(entry["attempts"] for entry in stored.items("OutboxTable")) == [0] * 4 + [1] * 5
    wire.forget()
    now.shift(29)
    retry()
    assert inbox.sent == []
    now.shift(31)
    retry()
    assert len(inbox.sent) == 9


# How long it waits ---------------------------------------------------------------------------------


def test_pauses_double_from_half_a_minute_to_an_hour(
    inbox: Inbox, now: Clock, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "randint", lambda _, most: most)
    decide()
    (entry,) = entries()
    wire.fails(faults.error("SendingPausedException"), on="SendEmail")
    deliver(entry)
    pauses = [waits()]
    for _ in range(9):
        now.shift(pauses[-1])
        retry()
        pauses.append(waits())
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert only_entry()["lastError"] == "ses_SendingPausedException"
    assert inbox.sent == []


def test_pauses_are_random_but_never_less_than_half(now: Clock, wire: Wire) -> None:
    assert now is not None
    decide(*(f"user{number}@example.com" for number in range(30)))
    wire.fails(faults.no_answer, on="SendEmail")
    deliver(*entries())
    # Five failures open SES's circuit, and the rest is told when it may be closed again.
    by_pause = sorted(entry["retryAt"] - NOON for entry in stored.items("OutboxTable"))
    assert by_pause[0] >= 15
    assert len(set(by_pause)) > 5


@pytest.mark.parametrize(("asked_for", "least", "most"), [(600, 600, 630), (10**9, 21600, 21630), (1, 1, 31)])
def test_a_provider_that_says_when_to_come_again_is_heard(
    now: Clock, monkeypatch: pytest.MonkeyPatch, asked_for: int, least: int, most: int
) -> None:
    def fail(*_: object) -> None:
        raise TransientFailure("sendgrid_429", asked_for)

    assert now is not None
    monkeypatch.setattr(providers, "send", fail)
    decide()
    deliver(*entries())
    assert least <= waits() <= most


# When it gives up ----------------------------------------------------------------------------------


def test_a_mail_that_has_failed_for_a_day_is_dead_and_kept(
    inbox: Inbox, now: Clock, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    decide()
    deliver_fails = faults.error("TooManyRequestsException", 429)
    wire.fails(deliver_fails, on="SendEmail")
    deliver(*entries())
    tries = 1
    while stored.state(only_entry()) == "waiting":
        now.move_to(only_entry()["retryAt"])
        retry()
        tries += 1
    died = int(clock.now()) - NOON
    assert 22 * 3600 < died <= 24 * 3600
    assert 25 < tries < 60
    assert told(caplog, "email given up")[0]["reason"] == "ses_TooManyRequestsException"
    wire.forget()
    now.shift(90 * 86400)
    retry()
    assert stored.state(only_entry()) == "dead"
    assert inbox.sent == []


# What it tells -------------------------------------------------------------------------------------


def test_it_tells_how_many_wait_and_are_dead_and_how_old_the_oldest_is(
    now: Clock, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "api_routes")
    retry()
    decide("dead@example.com")
    wire.fails(faults.error("MessageRejected"), on="SendEmail", times=1)
    deliver(*entries())
    for _ in range(3):
        now.shift(50)
        decide()
    wire.fails(faults.no_answer, on="SendEmail")
    retry()
    now.shift(50)
    retry()
    assert told(caplog, "outbox") == [
        {"waiting": 3, "due": 0, "dead": 1, "oldestSeconds": 100},
        {"waiting": 3, "due": 1, "dead": 1, "oldestSeconds": 150},
    ]


def test_nothing_that_is_told_says_to_whom(now: Clock, wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "api_routes")
    decide()
    wire.fails(faults.error("MessageRejected"), on="SendEmail", times=1)
    deliver(*entries())
    decide()
    wire.fails(faults.no_answer, on="SendEmail")
    now.shift(120)
    retry()
    assert told(caplog, "email rejected")
    assert told(caplog, "email postponed")
    assert ADA not in caplog.text + repr([getattr(record, "fields", "") for record in caplog.records])


# Side by side with others --------------------------------------------------------------------------


def meanwhile_of(act: Callable[[], object], wire: Wire) -> None:
    """Have somebody act while a mail is being sent: its claim is held."""
    wire.meanwhile(act, before="SendEmail")


def test_a_mail_that_is_just_being_sent_is_left_alone(inbox: Inbox, now: Clock, wire: Wire) -> None:
    decide()
    (entry,) = entries()

    def others() -> None:
        retry()
        deliver(entry)
        now.shift(59)
        retry()

    meanwhile_of(others, wire)
    deliver(entry)
    assert len(inbox.sent) == 1


def test_a_mail_whose_sender_comes_too_late_stays_done(inbox: Inbox, now: Clock, wire: Wire) -> None:
    """A function that was frozen while sending wakes after another has sent the mail: its failure counts no more."""
    decide()

    def another() -> None:
        now.shift(120)
        retry()
        wire.fails(faults.no_answer, on="SendEmail", times=1)

    meanwhile_of(another, wire)
    deliver(*entries())
    assert stored.state(only_entry()) == "done"
    assert len(inbox.sent) >= 1


def test_a_claim_is_made_once_and_a_failure_noted_after_its_end_changes_nothing(now: Clock) -> None:
    decide()
    late = outbox.claim_new(only_entry()["id"])
    now.shift(120)
    (pending,) = outbox.backlog().due
    holder = outbox.claim(pending)
    assert late is not None
    assert holder is not None
    assert outbox.claim(pending) is None
    outbox.postpone(late, "late")
    outbox.mark_dead(late, "late")
    entry = only_entry()
    assert (stored.state(entry), entry["retryAt"], entry["attempts"]) == ("waiting", holder.retry_at, 2)
    assert "lastError" not in entry


def test_a_mail_that_was_sent_after_all_is_not_dead(inbox: Inbox, now: Clock, wire: Wire) -> None:
    decide()

    def another() -> None:
        now.shift(120)
        wire.fails(faults.error("MessageRejected"), on="SendEmail", times=1)
        retry()
        wire.forget()
        assert stored.state(only_entry()) == "dead"

    meanwhile_of(another, wire)
    deliver(*entries())
    assert len(inbox.sent) == 1
    assert stored.state(only_entry()) == "done"


def test_the_settings_name_providers_that_exist(monkeypatch: pytest.MonkeyPatch, environment: object) -> None:
    assert environment is not None
    for names in ("ses", "sendgrid", "ses,sendgrid", "sendgrid,ses"):
        monkeypatch.setenv("MAIL_PROVIDERS", names)
        config.settings.cache_clear()
        assert set(config.settings().mail_providers.split(",")) <= providers._PROVIDERS.keys()
