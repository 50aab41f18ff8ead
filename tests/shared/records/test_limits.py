"""Request limits and the account lock: exact under concurrency, keyed by nothing that a client can write."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine

from shared.core import config
from shared.core.errors import TooManyRequests
from shared.core.tables import write
from shared.records import limits
from tests.conftest import PASSWORD
from tests.support.api import Api, Inbox

NOON = 1_800_000_000
LIMITED = {
    "/api/auth/login": (10, {"email": "nobody@example.com", "password": PASSWORD}),
    "/api/auth/register": (5, {"name": "Eve", "email": "eve@example.com", "password": PASSWORD}),
    "/api/auth/forgot-password": (5, {"email": "nobody@example.com"}),
    "/api/auth/resend-verification": (5, {"email": "nobody@example.com"}),
}


@pytest.fixture
def multiplier(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set RATE_LIMIT_MULTIPLIER."""

    def set_to(times: int) -> None:
        monkeypatch.setenv("RATE_LIMIT_MULTIPLIER", str(times))
        config.settings.cache_clear()

    return set_to


def try_and_fail(_: int = 0) -> bool:
    """Try a wrong password; say whether it was checked."""
    allowed = limits.try_password("ada@example.com")
    if allowed:
        limits.record_failure("ada@example.com")
    return allowed


@pytest.mark.parametrize("url", LIMITED)
def test_the_request_after_the_last_one_allowed_is_told_when_to_come_back(
    api: Api, multiplier: Callable[[int], None], url: str
) -> None:
    most, body = LIMITED[url]
    multiplier(1)
    with time_machine.travel(NOON + 20, tick=False):
        assert [api.post(url, body).status == 429 for _ in range(most + 1)] == [False] * most + [True]
        refused = api.post(url, body, x_forwarded_for="198.51.100.9", x_real_ip="198.51.100.9")
        assert (refused.status, refused.json["code"]) == (429, "too_many_requests")
        assert refused.headers["retry-after"] == "40"
        assert Api(ip="198.51.100.9").post(url, body).status != 429
    with time_machine.travel(NOON + 60, tick=False):
        assert api.post(url, body).status != 429


def test_the_multiplier_widens_a_limit(api: Api, multiplier: Callable[[int], None]) -> None:
    multiplier(2)
    url, (most, body) = "/api/auth/forgot-password", LIMITED["/api/auth/forgot-password"]
    with time_machine.travel(NOON, tick=False):
        assert [api.post(url, body).status for _ in range(2 * most + 1)] == [202] * 2 * most + [429]


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_of_an_ipv6_address_the_network_counts(ip: str, network: str) -> None:
    assert limits.network(ip) == network


@pytest.mark.usefixtures("fake_aws")
def test_one_mail_a_minute_to_one_mailbox_however_it_is_spelt(multiplier: Callable[[int], None]) -> None:
    multiplier(1)
    with time_machine.travel(NOON, tick=False):
        assert limits.allow_email("recovery", "ada@example.com")
        assert not limits.allow_email("recovery", "ADA@Example.com")
        assert limits.allow_email("recovery", "ben@example.com")
    with time_machine.travel(NOON + 60, tick=False):
        assert limits.allow_email("recovery", "ada@example.com")


@pytest.mark.usefixtures("ada")
def test_nobody_can_use_up_the_mail_that_its_owner_needs(inbox: Inbox, multiplier: Callable[[int], None]) -> None:
    """To an address that is confirmed, asking to confirm it sends nothing."""
    multiplier(1)
    stranger, owner = Api(ip="198.51.100.9"), {"email": "ada@example.com"}
    with time_machine.travel(NOON, tick=False):
        assert stranger.post("/api/auth/resend-verification", owner).status == 202
        assert Api().post("/api/auth/forgot-password", owner).status == 202
        assert "token=" in inbox.newest().text


@pytest.mark.usefixtures("fake_aws")
def test_the_lock_doubles_from_30_seconds_to_15_minutes() -> None:
    with time_machine.travel(NOON, tick=False) as time:
        assert [try_and_fail() for _ in range(6)] == [True] * 5 + [False]
        for lock in (30, 60, 120, 240, 480, 900, 900):
            time.shift(lock - 1)
            assert not try_and_fail()
            time.shift(1)
            assert try_and_fail()
            assert not try_and_fail()


@pytest.mark.usefixtures("fake_aws")
def test_tries_are_forgotten_after_15_minutes_and_on_success(multiplier: Callable[[int], None]) -> None:
    multiplier(1000)
    with time_machine.travel(NOON, tick=False) as time:
        for _ in range(4):
            assert try_and_fail()
        time.shift(15 * 60)
        for _ in range(4):
            assert try_and_fail()
        write(limits.unlocking("ada@example.com"))
        assert [try_and_fail() for _ in range(6)] == [True] * 5 + [False]


@pytest.mark.thorough
@pytest.mark.usefixtures("ministack")
def test_of_a_hundred_wrong_tries_at_once_five_are_checked() -> None:
    with ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(try_and_fail, range(100))) == 5


@pytest.mark.usefixtures("fake_aws")
def test_a_lock_after_tries_that_have_failed_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    assert [try_and_fail() for _ in range(7)] == [True] * 5 + [False] * 2
    assert waits == []


@pytest.mark.usefixtures("fake_aws")
def test_a_lock_is_waited_for_while_tries_are_being_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        assert all(limits.try_password("ada@example.com") for _ in range(5))
        monkeypatch.setattr(time, "sleep", lambda _: write(limits.unlocking("ada@example.com")))
        assert limits.try_password("ada@example.com")
        assert all(limits.try_password("ada@example.com") for _ in range(4))
        monkeypatch.setattr(time, "sleep", lambda _: now.shift(1))
        assert not limits.try_password("ada@example.com")


@pytest.mark.thorough
@pytest.mark.usefixtures("ministack")
def test_of_a_hundred_requests_at_once_as_many_pass_as_may(multiplier: Callable[[int], None]) -> None:
    multiplier(1)

    def passes(_: int) -> bool:
        try:
            limits.LOGIN.take("192.0.2.1")
        except TooManyRequests:
            return False
        return True

    with time_machine.travel(NOON, tick=False), ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(passes, range(100))) == 10
