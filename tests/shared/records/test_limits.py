"""Limits of requests and emails: exact under concurrency, and independent of headers that clients control."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
import time_machine

from shared.core import clock, config
from shared.core.errors import TooManyRequests
from shared.records import limits
from shared.values.client import Client
from tests.support import PASSWORD
from tests.support.api import Api, Inbox

NOON = 1_800_000_000
UNKNOWN = {"email": "unknown@example.com"}
LIMITED = {
    "/api/auth/register": (5, {"name": "Eve", "email": "eve@example.com", "password": PASSWORD}),
    "/api/auth/forgot-password": (5, UNKNOWN),
    "/api/auth/resend-verification": (5, UNKNOWN),
    "/api/contact": (5, {"name": "Eve", "email": "eve@example.com", "message": "Hello"}),
}
WRONG = {
    "/api/auth/login": {**UNKNOWN, "password": PASSWORD},
    "/api/auth/verify-email": {**UNKNOWN, "code": "123456", "password": PASSWORD},
}


@pytest.fixture
def set_multiplier(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that sets RATE_LIMIT_MULTIPLIER."""

    def set_multiplier(times: int) -> None:
        monkeypatch.setenv("RATE_LIMIT_MULTIPLIER", str(times))
        config.settings.cache_clear()

    return set_multiplier


# Requests ------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("url", WRONG)
def test_client_fails_ten_times_a_minute(api: Api, set_multiplier: Callable[[int], None], url: str) -> None:
    set_multiplier(1)
    with time_machine.travel(NOON, tick=False):
        statuses = [api.post(url, WRONG[url]).status for _ in range(11)]
        assert statuses[10] == 429
        assert 429 not in statuses[:10]
        # Sign-in and the check of a code count together.
        assert {api.post(other, WRONG[other]).status for other in WRONG} == {429}
        assert Api(ip="198.51.100.9").post(url, WRONG[url]).status != 429


@pytest.mark.usefixtures("ada")
def test_client_signs_in_60_times_a_minute(api: Api, set_multiplier: Callable[[int], None]) -> None:
    set_multiplier(1)
    login = {"email": "ada@example.com", "password": PASSWORD}
    with time_machine.travel(NOON, tick=False):
        assert [api.post("/api/auth/login", login).status for _ in range(61)] == [200] * 60 + [429]


def test_site_of_ipv6_networks_gets_ten_times_as_much(api: Api, set_multiplier: Callable[[int], None]) -> None:
    del api
    set_multiplier(1)
    url = "/api/auth/resend-verification"
    with time_machine.travel(NOON, tick=False):
        ips = [f"2001:db8:1:{number:x}::1" for number in range(51)]
        assert [Api(ip=ip).post(url, UNKNOWN).status for ip in ips] == [202] * 50 + [429]
        assert Api(ip="2001:db8:2::1").post(url, UNKNOWN).status == 202


def test_headers_tell_what_is_left(api: Api, set_multiplier: Callable[[int], None]) -> None:
    set_multiplier(1)
    with time_machine.travel(NOON + 20, tick=False):
        first = api.post("/api/auth/forgot-password", UNKNOWN).headers
        assert first["ratelimit-policy"] == '"forgot-password";q=5;w=60'
        assert first["ratelimit"] == '"forgot-password";r=4;t=40'
        for _ in range(5):
            last = api.post("/api/auth/forgot-password", UNKNOWN)
        assert (last.status, last.headers["ratelimit"]) == (429, '"forgot-password";r=0;t=40')
        wrong = api.post("/api/auth/login", WRONG["/api/auth/login"]).headers
        assert wrong["ratelimit-policy"] == '"sign-in";q=60;w=60, "sign-in-failures";q=10;w=60'
        assert wrong["ratelimit"] == '"sign-in";r=59;t=40, "sign-in-failures";r=9;t=40'
    assert "ratelimit" not in api.get("/api/health").headers


def test_multiplier_raises_a_limit_of_requests(api: Api, set_multiplier: Callable[[int], None]) -> None:
    set_multiplier(2)
    url, (limit, body) = "/api/auth/forgot-password", LIMITED["/api/auth/forgot-password"]
    with time_machine.travel(NOON, tick=False):
        assert [api.post(url, body).status for _ in range(2 * limit + 1)] == [202] * 2 * limit + [429]


@pytest.mark.thorough
@pytest.mark.usefixtures("ministack")
def test_five_of_100_concurrent_requests_pass_a_limit_of_five(set_multiplier: Callable[[int], None]) -> None:
    set_multiplier(1)

    def passes(_: int) -> bool:
        try:
            limits.REGISTER.take(Client("192.0.2.1")).check()
        except TooManyRequests:
            return False
        return True

    with time_machine.travel(NOON, tick=False), ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(passes, range(100))) == 5


# Emails --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("fake_aws", "email_limits")
def test_mailbox_gets_one_email_a_minute_in_any_spelling(set_multiplier: Callable[[int], None]) -> None:
    set_multiplier(1000)
    with time_machine.travel(NOON, tick=False) as now:
        assert limits.allow_email("recovery", "ada@example.com") == 1
        assert limits.allow_email("recovery", "ADA@Example.com") == 0
        assert limits.allow_email("recovery", "ben@example.com") == 1
        assert limits.allow_email("registration", "ada@example.com") == 1
        now.shift(59)
        assert limits.allow_email("recovery", "ada@example.com") == 0
        now.shift(1)
        assert limits.allow_email("recovery", "ada@example.com") == 2


@pytest.mark.usefixtures("fake_aws", "email_limits")
def test_mailbox_gets_five_an_hour_and_after_20_in_a_day_one_an_hour() -> None:
    with time_machine.travel(NOON, tick=False) as now:
        allowed = []
        for minute in range(24 * 60):
            if limits.allow_email("recovery", "ada@example.com"):
                allowed.append(minute)
            now.shift(60)
        per_hour = [sum(minute // 60 == hour for minute in allowed) for hour in range(24)]
        assert per_hour[:4] == [5] * 4
        assert set(per_hour[4:]) == {1}
        # The owner gets one within the hour, whatever others ask for.
        assert max(after - before for before, after in pairwise(allowed)) <= 60


@pytest.mark.thorough
@pytest.mark.usefixtures("ministack", "email_limits")
def test_one_of_32_concurrent_emails_is_allowed() -> None:
    with time_machine.travel(NOON, tick=False), ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(lambda _: limits.allow_email("recovery", "ada@example.com"), range(32))) == [0] * 31 + [
            1
        ]


@pytest.mark.usefixtures("ada", "email_limits")
def test_stranger_cannot_use_up_the_limit_of_the_owners_emails(inbox: Inbox) -> None:
    """Requesting another verification of a verified address sends nothing, so it does not use up the limit."""
    stranger, owner = Api(ip="198.51.100.9"), {"email": "ada@example.com"}
    with time_machine.travel(NOON, tick=False):
        assert stranger.post("/api/auth/resend-verification", owner).status == 202
        assert Api().post("/api/auth/forgot-password", owner).status == 202
        assert "token=" in inbox.newest().text


@pytest.mark.usefixtures("email_limits")
def test_first_of_as_many_links_as_a_mailbox_gets_in_an_hour_still_works(api: Api, ada: Api, inbox: Inbox) -> None:
    del ada
    with time_machine.travel(clock.now(), tick=False) as now:
        first = None
        for minute in range(59):
            stranger = Api(ip=f"198.51.100.{minute}")
            assert stranger.post("/api/auth/forgot-password", {"email": "ada@example.com"}).status == 202
            first = first or inbox.newest().token
            now.shift(60)
        assert len(inbox.to("ada@example.com")) == 5
        assert api.post("/api/auth/reset-password", {"token": first, "password": "a different sentence"}).status == 204


@pytest.mark.usefixtures("email_limits")
def test_account_mails_five_addresses_of_its_choice_a_day(ada: Api, inbox: Inbox) -> None:
    body = {"password": PASSWORD}
    with time_machine.travel(clock.now(), tick=False) as now:
        for number in range(5):
            now.shift(60)
            assert ada.post("/api/auth/change-email", {**body, "newEmail": f"{number}@example.com"}).status == 202
            inbox.deliver()
        now.shift(60)
        reply = ada.post("/api/auth/change-email", {**body, "newEmail": "6@example.com"})
        assert (reply.status, reply.headers["retry-after"]) == (429, str(clock.DAY - 5 * 60))
        assert [len(inbox.to(f"{number}@example.com")) for number in range(7)] == [1] * 5 + [0] * 2


@pytest.mark.usefixtures("email_limits")
def test_only_the_first_five_registrations_of_an_address_in_a_day_are_mailed_with_a_code(inbox: Inbox) -> None:
    body = {"name": "Cyd", "email": "cyd@example.com", "password": PASSWORD}
    with time_machine.travel(clock.now(), tick=False) as now:
        codes = []
        for number in range(8):
            assert Api(ip=f"198.51.100.{number}").post("/api/auth/register", body).status == 202
            codes.append(re.search(r"^\d{6}$", inbox.newest().text, re.MULTILINE) is not None)
            now.shift(clock.HOUR // 4)
        assert codes == [True] * 5 + [False] * 3
