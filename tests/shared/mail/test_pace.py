"""The pace of a provider that throttles: it is kept busy, and called no faster than it takes emails."""

import contextlib
import itertools
from collections.abc import Iterator

import pytest
import time_machine

from shared.core.tables import Update, write
from shared.mail import pace, providers
from shared.mail.message import Message
from shared.mail.pace import Behind, Pace
from shared.mail.providers import Provider, Throttled, TransientFailure
from shared.records.limits import LIMITS
from tests.support import faults, stored
from tests.support.faults import Wire

START = 1_900_000_000
MESSAGE = Message("ada@example.com", "Subject", "Text", "<p>Text</p>")

pytestmark = pytest.mark.usefixtures("fake_aws")


class Limited(Provider):
    """Takes so many emails a second, and as many at once."""

    name = "limited"

    def __init__(self, rate: float, now: time_machine.Traveller) -> None:
        self.rate, self.accepted, self.throttled = rate, 0, 0
        self._now, self._credit, self._filled = now, max(rate, 1.0), 0.0

    def send(self, message: Message, entry_id: str) -> None:  # noqa: ARG002  # a provider's
        seconds = pace._now() / 1_000_000
        if self._filled:
            self._credit = min(max(self.rate, 1.0), self._credit + (seconds - self._filled) * self.rate)
        self._filled = seconds
        # A call takes some time.
        self._now.shift(0.005)
        if self._credit < 1:
            self.throttled += 1
            raise Throttled("limited_429")
        self._credit -= 1
        self.accepted += 1


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Iterator[time_machine.Traveller]:
    """The clock, which moves only when somebody waits."""
    with time_machine.travel(START, tick=False) as now:
        for module in (pace, providers):
            monkeypatch.setattr(module, "sleep", now.shift)
        yield now


def deliver(provider: Provider, until: float) -> None:
    """Send emails one after the other."""
    while pace._now() / 1_000_000 < until:
        try:
            providers._send_through(provider, MESSAGE, "id")
        except TransientFailure as failure:
            assert failure.reason in {"limited_429", "limited_behind"}  # noqa: PT017  # one of several is expected


def saved() -> dict[str, object]:
    return next(item for item in stored.items("LimitsTable") if item["key"] == "pace#limited")


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.1, 0.2])
def test_no_email_waits_long_for_a_provider_that_takes_less_than_one_a_second(
    now: time_machine.Traveller, rate: float
) -> None:
    provider = Limited(rate, now)
    provider._credit = min(rate, 1.0)
    longest = 0.0
    while pace._now() / 1_000_000 < START + 1800:
        began = pace._now()
        with contextlib.suppress(TransientFailure):
            providers._send_through(provider, MESSAGE, "id")
        longest = max(longest, (pace._now() - began) / 1_000_000)
        now.shift(0.5)
    # MAX_WAIT, and then as far as slots are taken in advance, twice: the schedule may change meanwhile.
    assert longest < pace.MAX_WAIT + 10
    assert provider.accepted >= rate * 1800 * 0.5


def test_slot_of_a_clock_that_was_ahead_holds_nobody_up(now: time_machine.Traveller) -> None:
    provider = Limited(1, now)
    deliver(provider, START + 5)
    key = Update(table=LIMITS, key={"key": "pace#limited"}, set={"next": pace._now() + 3600 * 1_000_000})
    write([key])
    provider.accepted = 0
    deliver(provider, START + 65)
    assert provider.accepted >= 40


@pytest.mark.parametrize(("rate", "seconds", "share"), [(1, 100, 0.9), (14, 20, 0.95), (100, 2, 0.95)])
def test_provider_that_throttles_is_kept_busy(
    now: time_machine.Traveller, rate: float, seconds: int, share: float
) -> None:
    provider = Limited(rate, now)
    deliver(provider, START + 10)
    provider.accepted = 0
    deliver(provider, START + 10 + seconds)
    assert provider.accepted >= share * rate * seconds


def test_one_call_in_a_few_is_throttled(now: time_machine.Traveller) -> None:
    provider = Limited(14, now)
    deliver(provider, START + 10)
    provider.accepted = provider.throttled = 0
    deliver(provider, START + 20)
    assert 0 < provider.throttled < 0.3 * provider.accepted


def test_throttles_open_no_circuit(now: time_machine.Traveller) -> None:
    provider = Limited(1, now)
    deliver(provider, START + 20)
    assert provider.throttled > 5
    assert not any(item["key"] == "circuit#limited" and item["state"] == "OPEN" for item in stored.items("LimitsTable"))


@pytest.mark.thorough
def test_pace_follows_a_provider_that_becomes_faster(now: time_machine.Traveller) -> None:
    provider = Limited(2, now)
    deliver(provider, START + 20)
    provider.rate, provider.accepted = 50, 0
    deliver(provider, START + 60)
    assert provider.accepted > 0.6 * 50 * 40


@pytest.mark.usefixtures("now")
def test_environments_share_the_slots() -> None:
    first, second = Pace("limited"), Pace("limited")
    for each in (first, second):
        each.count_throttled()
    slots = [each._take_slot() for _ in range(5) for each in (first, second)]
    interval = saved()["interval"]
    assert [later - earlier for earlier, later in itertools.pairwise(slots)] == [interval] * 9


def test_nobody_waits_longer_than_ten_seconds_for_a_turn(
    now: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "_FIRST_INTERVAL", 1_000_000)
    mine = Pace("limited")
    mine.count_throttled()
    for _ in range(3):
        mine._take_slot()
    assert mine.is_behind()

    def wait_while_others_take_slots(seconds: float) -> None:
        now.shift(seconds)
        mine._update(add={"next": int(seconds * 1_000_000)})

    monkeypatch.setattr(pace, "sleep", wait_while_others_take_slots)
    with pytest.raises(Behind):
        mine._take_slot()
    assert START + 9 < pace._now() / 1_000_000 < START + 15


def test_accepted_email_does_not_fail_because_it_cannot_be_counted(now: time_machine.Traveller, wire: Wire) -> None:
    provider = Limited(1, now)
    deliver(provider, START + 5)
    before = provider.accepted

    def lose_the_count(operation: str) -> faults.Answer | None:
        return faults.read_timeout() if operation == "UpdateItem" and provider.accepted > before else None

    wire.before = lose_the_count
    providers._send_through(provider, MESSAGE, "id")
    assert provider.accepted == before + 1


def test_nothing_is_stored_while_nobody_throttles(now: time_machine.Traveller, wire: Wire) -> None:
    provider = Limited(1000, now)
    for _ in range(10):
        providers._send_through(provider, MESSAGE, "id")
    assert wire.count("UpdateItem") == 0
