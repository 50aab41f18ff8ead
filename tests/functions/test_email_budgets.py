"""The budgets of emails: what strangers can make the whole stack send, and what becomes of the rest."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import time_machine

from shared.core import clock, config, tables
from shared.records import outbox
from tests.support import PASSWORD, faults, stored
from tests.support.api import Api, Inbox, redrive, retry
from tests.support.faults import PowerCut, Wire
from tests.support.slow import in_make_thorough

# The start of an hour.
START = 1_900_000_800
ADA = "ada@example.com"
FORM = {"name": "Ada", "email": ADA, "message": "Hello"}


@pytest.fixture
def now(ada: Api, inbox: Inbox) -> Iterator[time_machine.Traveller]:  # noqa: ARG001  # stored before the clock is frozen
    """The clock, frozen at the start of an hour."""
    with time_machine.travel(START, tick=False) as now:
        yield now


@pytest.fixture
def limited(now: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch) -> time_machine.Traveller:
    """Budgets of 40 emails, of which one network gets 2. Returns the clock."""
    for name in ("EMAILS_TO_ACCOUNTS", "EMAILS_TO_OTHERS"):
        monkeypatch.setenv(name, "40")
    config.settings.cache_clear()
    return now


def from_network(number: int) -> Api:
    return Api(ip=f"198.51.100.{number}")


def sign_up(address: str, caller: Api) -> str:
    """Register an address. Return the answer without its random parts."""
    reply = caller.post("/api/auth/register", {"name": "Eve", "email": address, "password": PASSWORD})
    assert reply.status == 202
    return json.dumps({**reply.json, "registration": ""})


def flood(inbox: Inbox, count: int = 40) -> None:
    """Sign up other people's addresses, two from each network, and deliver what the budget allows."""
    for number in range(count):
        sign_up(f"victim{number}@example.com", from_network(number // 2))
    inbox.deliver()


def held() -> list[dict[str, Any]]:
    return [entry for entry in stored.items("OutboxTable") if stored.state(entry) == "held"]


@pytest.mark.usefixtures("limited")
def test_flood_of_sign_ups_keeps_nobody_from_resetting_a_password(inbox: Inbox) -> None:
    flood(inbox, 45)
    assert len(inbox.all()) == 40
    assert len(held()) == 5
    from_network(99).post("/api/auth/forgot-password", {"email": ADA})
    assert inbox.newest().to == ADA
    stored.check()


@pytest.mark.usefixtures("limited")
def test_one_network_gets_a_twentieth_and_others_are_not_affected(inbox: Inbox) -> None:
    for number in range(5):
        sign_up(f"victim{number}@example.com", from_network(1))
        inbox.deliver()
    sign_up("grace@example.com", from_network(2))
    assert [email.to for email in inbox.all()] == ["victim0@example.com", "victim1@example.com", "grace@example.com"]


@pytest.mark.usefixtures("limited")
def test_ipv6_site_gets_half_however_many_networks_it_has(inbox: Inbox) -> None:
    for number in range(30):
        sign_up(f"victim{number}@example.com", Api(ip=f"2001:db8:1:{number:x}::1"))
    assert len(inbox.all()) == 20
    sign_up("grace@example.com", Api(ip="2001:db8:2::1"))
    assert inbox.newest().to == "grace@example.com"


@pytest.mark.usefixtures("limited")
def test_answer_does_not_tell_whether_an_email_is_held(inbox: Inbox) -> None:
    answers = {sign_up(f"victim{number}@example.com", from_network(1)) for number in range(3)}
    assert len(inbox.all()) == 2
    assert len(answers) == 1


def test_held_emails_are_sent_newest_first_when_the_hour_ends(limited: time_machine.Traveller, inbox: Inbox) -> None:
    limited.shift(50 * clock.MINUTE)
    flood(inbox)
    for number in range(3):
        limited.shift(clock.MINUTE)
        sign_up(f"late{number}@example.com", from_network(100 + number))
        inbox.deliver()
    retry()
    assert len(inbox.sent) == 40
    limited.shift(8 * clock.MINUTE)
    retry()
    assert [email.to for email in inbox.sent[40:]] == [f"late{number}@example.com" for number in (2, 1, 0)]
    assert held() == []
    stored.check()


def test_held_email_is_dropped_after_an_hour(limited: time_machine.Traveller, inbox: Inbox) -> None:
    flood(inbox)
    sign_up("late@example.com", from_network(100))
    inbox.deliver()
    limited.shift(clock.HOUR)
    retry()
    assert len(inbox.sent) == 40
    (entry,) = held()
    assert entry["expiresAt"] == START + clock.HOUR


def test_network_beyond_its_share_does_not_hold_up_others(limited: time_machine.Traveller, inbox: Inbox) -> None:
    limited.shift(50 * clock.MINUTE)
    flood(inbox)
    sign_up("late@example.com", from_network(100))
    for number in range(5):
        limited.shift(1)
        sign_up(f"attack{number}@example.com", from_network(101))
        inbox.deliver()
    limited.shift(10 * clock.MINUTE)
    retry()
    assert [email.to for email in inbox.sent[40:]] == ["attack4@example.com", "attack3@example.com", "late@example.com"]


@pytest.mark.usefixtures("limited")
def test_only_what_is_about_to_be_sent_counts_in_the_budget(inbox: Inbox) -> None:
    for number in range(50):
        from_network(number).post("/api/auth/forgot-password", {"email": f"nobody{number}@example.com"})
    from_network(99).post("/api/auth/forgot-password", {"email": ADA})
    assert [email.to for email in inbox.all()] == [ADA]


@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize("target", [ADA, "nobody@example.com"])
def test_own_emails_do_not_tell_whether_another_address_has_an_account(ben: Api, inbox: Inbox, target: str) -> None:
    """The share of a network counts a request to any address."""
    attacker = replace(from_network(1), headers=ben.headers)
    for address in ("ben@example.com", target, "ben@example.com"):
        attacker.post("/api/auth/forgot-password", {"email": address})
        inbox.deliver()
    assert len(inbox.to("ben@example.com")) == 1


@pytest.mark.usefixtures("limited", "email_limits")
def test_held_emails_do_not_use_up_the_emails_of_an_address(
    limited: time_machine.Traveller, inbox: Inbox, ben: Api
) -> None:
    attacker = replace(from_network(1), headers=ben.headers)
    for _ in range(7):
        for address in (ADA, "ben@example.com", "nobody@example.com"):
            attacker.post("/api/auth/forgot-password", {"email": address})
            inbox.deliver()
        limited.shift(clock.MINUTE)
    inbox.sent.clear()
    from_network(2).post("/api/auth/forgot-password", {"email": ADA})
    assert [email.to for email in inbox.all()] == [ADA]


@pytest.mark.usefixtures("email_limits")
def test_held_emails_to_one_address_are_within_its_limit_when_they_are_sent(
    limited: time_machine.Traveller, inbox: Inbox
) -> None:
    limited.shift(50 * clock.MINUTE)
    flood(inbox)
    inbox.sent.clear()
    for number in range(9):
        sign_up("grace@example.com", from_network(100 + number))
        inbox.deliver()
        limited.shift(clock.MINUTE)
    limited.shift(clock.MINUTE)
    retry()
    assert [email.to for email in inbox.sent] == ["grace@example.com"]
    assert held() == []
    stored.check()


@pytest.mark.usefixtures("email_limits")
def test_held_email_whose_delivery_fails_is_not_dropped(
    limited: time_machine.Traveller, inbox: Inbox, wire: Wire
) -> None:
    limited.shift(50 * clock.MINUTE)
    flood(inbox)
    inbox.sent.clear()
    sign_up("grace@example.com", from_network(100))
    inbox.deliver()
    limited.shift(10 * clock.MINUTE)
    # The token of the link cannot be stored, after the email was counted against its address.
    wire.fail(faults.unreachable, on="PutItem", times=1)
    retry()
    wire.reset()
    limited.shift(clock.MINUTE)
    retry()
    assert [email.to for email in inbox.sent] == ["grace@example.com"]


@pytest.mark.thorough
@in_make_thorough
@pytest.mark.usefixtures("email_limits")
def test_held_emails_have_no_more_codes_than_others(limited: time_machine.Traveller, inbox: Inbox) -> None:
    for _ in range(9):
        flood(inbox)
        sign_up("grace@example.com", from_network(100))
        inbox.deliver()
        limited.shift(clock.HOUR - clock.MINUTE)
        sign_up("grace@example.com", from_network(101))
        inbox.deliver()
        limited.shift(clock.MINUTE)
        retry()
    sent = [email for email in inbox.sent if email.to == "grace@example.com"]
    assert len(sent) > 5
    assert sum(re.search(r"^\s*\d{6}$", email.text, re.MULTILINE) is not None for email in sent) <= 5


@pytest.mark.usefixtures("limited")
def test_nothing_is_counted_while_no_provider_can_be_called(inbox: Inbox, wire: Wire) -> None:
    wire.fail(faults.read_timeout, on="SendEmail")
    for number in range(10):
        sign_up(f"victim{number}@example.com", from_network(number))
        inbox.deliver()
    counts = [item["count"] for item in stored.items("LimitsTable") if item["key"].startswith("budget#others#")]
    assert counts == [5]


def test_email_counts_once_however_often_it_is_tried(limited: time_machine.Traveller, inbox: Inbox, wire: Wire) -> None:
    wire.fail(faults.read_timeout, on="SendEmail")
    sign_up("grace@example.com", from_network(1))
    inbox.deliver()
    for _ in range(4):
        limited.shift(5 * clock.MINUTE)
        retry()
    wire.reset()
    limited.shift(30 * clock.MINUTE)
    retry()
    assert [email.to for email in inbox.sent] == ["grace@example.com"]
    counts = [item["count"] for item in stored.items("LimitsTable") if item["key"].startswith("budget#others#")]
    assert counts == [1]


def test_redriven_email_that_was_not_counted_waits_for_another_hour(
    limited: time_machine.Traveller, inbox: Inbox
) -> None:
    sign_up("grace@example.com", from_network(100))
    (entry,) = [item for item in stored.items("OutboxTable") if item["to"] == "grace@example.com"]
    outbox.mark_dead(outbox.Entry.from_item(entry), "bug")
    limited.shift(5 * clock.HOUR + 50 * clock.MINUTE)
    flood(inbox)
    redrive()
    retry()
    assert len(held()) == 1
    limited.shift(10 * clock.MINUTE)
    retry()
    assert inbox.sent[-1].to == "grace@example.com"


def test_redriven_email_that_was_counted_is_not_dropped(
    limited: time_machine.Traveller, inbox: Inbox, wire: Wire
) -> None:
    wire.fail(faults.error("MessageRejected"), on="SendEmail")
    sign_up("grace@example.com", from_network(100))
    inbox.deliver()
    wire.reset()
    limited.shift(2 * clock.HOUR)
    flood(inbox)
    redrive()
    retry()
    assert inbox.sent[-1].to == "grace@example.com"


@pytest.mark.usefixtures("limited")
def test_notices_are_exempt(inbox: Inbox) -> None:
    for number in range(3):
        caller = replace(Api(), ip="198.51.100.1", headers={"user-agent": f"Browser {number}"})
        caller.signed_in(ADA, PASSWORD)
    assert len(inbox.to(ADA)) == 3


@pytest.mark.usefixtures("limited")
def test_link_after_an_undo_is_in_nobodys_share(inbox: Inbox) -> None:
    for _ in range(4):
        tables.write(outbox.sending("recovery", ADA))
    assert len(inbox.to(ADA)) == 4


@pytest.mark.usefixtures("limited")
def test_administrator_may_invite_a_whole_company_but_strangers_cannot_repeat_it(admin: Api, inbox: Inbox) -> None:
    for number in range(4):
        admin.post("/api/users", {"name": "Ben", "email": f"ben{number}@example.com"})
    assert len(inbox.all()) == 4
    for number in range(4):
        from_network(1).post("/api/auth/resend-verification", {"email": f"ben{number}@example.com"})
    assert len(inbox.all()) == 6


@pytest.mark.parametrize("call", range(1, 9))
def test_power_cut_loses_no_email(limited: time_machine.Traveller, inbox: Inbox, wire: Wire, call: int) -> None:
    """Between any two calls that deliver an email beyond the budget: the next run finds it, and holds it."""
    for number in range(3):
        sign_up(f"victim{number}@example.com", from_network(1))
        if number < 2:
            inbox.deliver()
    wire.calls.clear()
    wire.cut_power_after(call)
    try:
        inbox.deliver()
    except PowerCut:
        wire.reset()
        limited.shift(3 * clock.MINUTE)
        retry()
    assert len(held()) == 1
    stored.check()


# Forms ---------------------------------------------------------------------------------------------


def test_form_gets_60_emails_an_hour_and_the_rest_in_one_digest(now: time_machine.Traveller, inbox: Inbox) -> None:
    for number in range(65):
        assert Api().post("/api/contact", {**FORM, "message": f"Message {number}"}).status == 201
        inbox.deliver()
        now.shift(10)
    assert len(inbox.sent) == 60
    now.shift(clock.HOUR)
    retry()
    assert len(inbox.sent) == 61
    digest = inbox.sent[-1]
    assert digest.subject == "Contact: 65 messages for Lambda API Routes, 17 March 2030, 18:00 to 19:00 UTC"
    assert all(f"Message: Message {number}\n" in digest.text for number in range(65))
    assert len(stored.items("SubmissionsTable")) == 65
    stored.check()


def test_digest_shows_the_newest_hundred_in_short(now: time_machine.Traveller, inbox: Inbox) -> None:
    for number in range(105):
        Api().post("/api/contact", {**FORM, "message": f"{number} " + "x" * 4000})
        inbox.deliver()
        now.shift(1)
    now.shift(clock.HOUR + 5 * clock.MINUTE)
    retry()
    digest = inbox.sent[-1]
    assert "more than 100 times" in digest.text
    assert "Message: 104 x" in digest.text
    assert "Message: 4 x" not in digest.text
    assert len(digest.text) < 50_000


def test_each_hour_has_its_own_digest(now: time_machine.Traveller, inbox: Inbox) -> None:
    for _ in range(2):
        for _ in range(62):
            Api().post("/api/contact", FORM)
        inbox.deliver()
        now.shift(clock.HOUR)
    now.shift(5 * clock.MINUTE)
    retry()
    assert len([email for email in inbox.sent if "62 messages" in email.subject]) == 2
    assert not any(outbox.backlog(shard).waiting for shard in outbox.SHARDS)
