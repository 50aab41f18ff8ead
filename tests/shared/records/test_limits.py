"""Rate limits and the account lock: exact under concurrency, and independent of headers that clients control."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine

from shared.core import config
from shared.core.errors import TooManyRequests
from shared.core.tables import write
from shared.records import limits
from tests.support import PASSWORD
from tests.support.api import Api, Inbox

NOON = 1_800_000_000
LIMITED = {
    "/api/auth/login": (10, {"email": "unknown@example.com", "password": PASSWORD}),
    "/api/auth/register": (5, {"name": "Eve", "email": "eve@example.com", "password": PASSWORD}),
    "/api/auth/forgot-password": (5, {"email": "unknown@example.com"}),
    "/api/auth/resend-verification": (5, {"email": "unknown@example.com"}),
}


@pytest.fixture
def set_multiplier(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that sets RATE_LIMIT_MULTIPLIER."""

    def set_multiplier(times: int) -> None:
        monkeypatch.setenv("RATE_LIMIT_MULTIPLIER", str(times))
        config.settings.cache_clear()

    return set_multiplier


def try_wrong_password(_: int = 0) -> bool:
    """Try to sign in with a wrong password. Return whether it was checked."""
    allowed = limits.start_attempt("ada@example.com")
    if allowed:
        limits.record_failure("ada@example.com")
    return allowed


@pytest.mark.parametrize("url", LIMITED)
def test_request_over_the_limit_gets_429_with_retry_after(
    api: Api, set_multiplier: Callable[[int], None], url: str
) -> None:
    limit, body = LIMITED[url]
    set_multiplier(1)
    with time_machine.travel(NOON + 20, tick=False):
        assert [api.post(url, body).status == 429 for _ in range(limit + 1)] == [False] * limit + [True]
        reply = api.post(url, body, x_forwarded_for="198.51.100.9", x_real_ip="198.51.100.9")
        assert (reply.status, reply.json["code"]) == (429, "too_many_requests")
        assert reply.headers["retry-after"] == "40"
        assert Api(ip="198.51.100.9").post(url, body).status != 429
    with time_machine.travel(NOON + 60, tick=False):
        assert api.post(url, body).status != 429


def test_multiplier_raises_a_limit(api: Api, set_multiplier: Callable[[int], None]) -> None:
    set_multiplier(2)
    url, (limit, body) = "/api/auth/forgot-password", LIMITED["/api/auth/forgot-password"]
    with time_machine.travel(NOON, tick=False):
        assert [api.post(url, body).status for _ in range(2 * limit + 1)] == [202] * 2 * limit + [429]


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
def test_ipv6_clients_are_limited_by_network(ip: str, network: str) -> None:
    assert limits.network(ip) == network


@pytest.mark.usefixtures("fake_aws")
def test_mailbox_gets_one_email_a_minute_in_any_spelling(set_multiplier: Callable[[int], None]) -> None:
    set_multiplier(1)
    with time_machine.travel(NOON, tick=False):
        assert limits.allow_email("recovery", "ada@example.com")
        assert not limits.allow_email("recovery", "ADA@Example.com")
        assert limits.allow_email("recovery", "ben@example.com")
    with time_machine.travel(NOON + 60, tick=False):
        assert limits.allow_email("recovery", "ada@example.com")


@pytest.mark.usefixtures("ada")
def test_stranger_cannot_use_up_the_limit_of_the_owners_emails(
    inbox: Inbox, set_multiplier: Callable[[int], None]
) -> None:
    """Requesting another verification of a verified address sends nothing, so it does not use up the limit."""
    set_multiplier(1)
    stranger, owner = Api(ip="198.51.100.9"), {"email": "ada@example.com"}
    with time_machine.travel(NOON, tick=False):
        assert stranger.post("/api/auth/resend-verification", owner).status == 202
        assert Api().post("/api/auth/forgot-password", owner).status == 202
        assert "token=" in inbox.newest().text


@pytest.mark.usefixtures("fake_aws")
def test_lock_doubles_from_30_seconds_to_15_minutes() -> None:
    with time_machine.travel(NOON, tick=False) as time:
        assert [try_wrong_password() for _ in range(6)] == [True] * 5 + [False]
        for lock in (30, 60, 120, 240, 480, 900, 900):
            time.shift(lock - 1)
            assert not try_wrong_password()
            time.shift(1)
            assert try_wrong_password()
            assert not try_wrong_password()


@pytest.mark.usefixtures("fake_aws")
def test_failed_attempts_expire_after_15_minutes_or_on_success(set_multiplier: Callable[[int], None]) -> None:
    set_multiplier(1000)
    with time_machine.travel(NOON, tick=False) as time:
        for _ in range(4):
            assert try_wrong_password()
        time.shift(15 * 60)
        for _ in range(4):
            assert try_wrong_password()
        write(limits.unlocking("ada@example.com"))
        assert [try_wrong_password() for _ in range(6)] == [True] * 5 + [False]


@pytest.mark.thorough
@pytest.mark.usefixtures("ministack")
def test_five_of_100_concurrent_wrong_passwords_are_checked() -> None:
    with ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(try_wrong_password, range(100))) == 5


@pytest.mark.usefixtures("fake_aws")
def test_sign_in_does_not_wait_for_a_lock_after_failures(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    assert [try_wrong_password() for _ in range(7)] == [True] * 5 + [False] * 2
    assert waits == []


@pytest.mark.usefixtures("fake_aws")
def test_sign_in_waits_for_a_lock_while_attempts_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    with time_machine.travel(NOON, tick=False) as now:
        assert all(limits.start_attempt("ada@example.com") for _ in range(5))
        monkeypatch.setattr(time, "sleep", lambda _: write(limits.unlocking("ada@example.com")))
        assert limits.start_attempt("ada@example.com")
        assert all(limits.start_attempt("ada@example.com") for _ in range(4))
        monkeypatch.setattr(time, "sleep", lambda _: now.shift(1))
        assert not limits.start_attempt("ada@example.com")


@pytest.mark.thorough
@pytest.mark.usefixtures("ministack")
def test_ten_of_100_concurrent_requests_pass_a_limit_of_ten(set_multiplier: Callable[[int], None]) -> None:
    set_multiplier(1)

    def passes(_: int) -> bool:
        try:
            limits.LOGIN.take("192.0.2.1")
        except TooManyRequests:
            return False
        return True

    with time_machine.travel(NOON, tick=False), ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(passes, range(100))) == 10
