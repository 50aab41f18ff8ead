"""Pools of tries at a password: exact under concurrency, and bounded in a day."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine

from shared.core import clock
from shared.records import tries
from shared.records.tries import Try
from tests.support.slow import in_make_thorough

NOON = 1_800_000_000
ADA = tries.at_password("ada@example.com")


def attempt(network: str = "192.0.2.1", *, is_known: bool = False) -> Try:
    return Try(tries.of_network(ADA, network), tries.of_everyone(ADA), is_known=is_known)


def wrong(network: str = "192.0.2.1", *, is_known: bool = False) -> bool:
    """Try a wrong password. Return whether it was checked."""
    each = attempt(network, is_known=is_known)
    allowed = each.start()
    if allowed:
        each.fail()
    return allowed


@pytest.mark.usefixtures("fake_aws")
@pytest.mark.parametrize("is_known", [False, True])
def test_lock_doubles_from_30_seconds_to_15_minutes(*, is_known: bool) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        assert [wrong(is_known=is_known) for _ in range(6)] == [True] * 5 + [False]
        for lock in (30, 60, 120, 240, 480, 900, 900):
            now.shift(lock - 1)
            assert not wrong(is_known=is_known)
            now.shift(1)
            assert wrong(is_known=is_known)
            assert not wrong(is_known=is_known)


@pytest.mark.usefixtures("fake_aws")
def test_failures_expire_after_15_minutes_or_on_success() -> None:
    with time_machine.travel(NOON, tick=False) as now:
        assert all(wrong() for _ in range(4))
        now.shift(15 * 60)
        assert all(wrong() for _ in range(4))
        right = attempt()
        assert right.start()
        right.succeed()
        now.shift(16 * 60)
        assert [wrong() for _ in range(6)] == [True] * 5 + [False]


@pytest.mark.usefixtures("fake_aws")
def test_waiting_between_few_tries_gains_nothing() -> None:
    with time_machine.travel(NOON, tick=False) as now:
        checked = 0
        while clock.now() < NOON + clock.DAY:
            checked += sum(wrong() for _ in range(4))
            now.shift(15 * 60)
        assert checked <= 111


@in_make_thorough
@pytest.mark.usefixtures("fake_aws")
def test_success_gives_an_attacker_in_the_same_network_hardly_more_guesses() -> None:
    with time_machine.travel(NOON, tick=False) as now:
        checked = 0
        for minute in range(24 * 60):
            checked += sum(wrong(is_known=True) for _ in range(4))
            owner = attempt(is_known=True)
            # The owner signs in once an hour, which clears the lock and so allows one more try.
            if minute % 60 == 0 and owner.start():
                owner.succeed()
            now.shift(60)
        assert checked <= 111 + 24


@pytest.mark.usefixtures("fake_aws")
def test_sign_ins_are_not_counted_as_failures() -> None:
    with time_machine.travel(NOON, tick=False):
        for _ in range(50):
            right = attempt()
            assert right.start()
            right.succeed()
        assert [wrong() for _ in range(6)] == [True] * 5 + [False]


@pytest.mark.usefixtures("fake_aws")
def test_strangers_lock_only_strangers() -> None:
    with time_machine.travel(NOON, tick=False):
        assert [wrong(f"198.51.100.{number}") for number in range(6)] == [True] * 5 + [False]
        assert not wrong("192.0.2.1")
        assert wrong("192.0.2.1", is_known=True)


@pytest.mark.usefixtures("fake_aws")
def test_secret_is_exhausted_by_ten_failures_and_not_by_success() -> None:
    pool = tries.of_session("password", "1")
    with time_machine.travel(NOON, tick=False) as now:
        for _ in range(2):
            for _ in range(9):
                each = Try(pool)
                assert each.start()
                each.fail()
                now.shift(16 * 60)
            right = Try(pool)
            assert right.start()
            right.succeed()
            assert not tries.is_exhausted(pool)
        for number in range(10):
            each = Try(pool)
            assert each.start(), number
            each.fail()
            now.shift(16 * 60)
        assert (each.failures, tries.is_exhausted(pool), Try(pool).start()) == (10, True, False)


@pytest.mark.thorough
@pytest.mark.usefixtures("ministack")
@pytest.mark.parametrize("networks", [1, 100])
def test_five_of_100_concurrent_wrong_passwords_are_checked(networks: int) -> None:
    with ThreadPoolExecutor(32) as pool:
        tries = pool.map(lambda number: wrong(f"198.51.100.{number % networks}"), range(100))
        assert sum(tries) == 5


@pytest.mark.usefixtures("fake_aws")
def test_sign_in_does_not_wait_for_a_lock_after_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    assert [wrong() for _ in range(7)] == [True] * 5 + [False] * 2
    assert waits == []


@pytest.mark.usefixtures("fake_aws")
def test_sign_in_waits_for_a_lock_while_tries_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        under_way = [attempt(is_known=True) for _ in range(5)]
        assert all(each.start() for each in under_way)
        monkeypatch.setattr(time, "sleep", lambda _: under_way[0].succeed())
        assert attempt(is_known=True).start()
        assert all(attempt(is_known=True).start() for _ in range(4))
        monkeypatch.setattr(time, "sleep", lambda _: now.shift(1))
        assert not attempt(is_known=True).start()
