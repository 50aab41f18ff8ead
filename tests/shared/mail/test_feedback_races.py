"""Bounces and complaints at the same moment as what changes the account, against MiniStack."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest

from shared.core.errors import Unavailable
from tests.conftest import PASSWORD, member
from tests.support import stored
from tests.support.api import Api, Inbox, Reply, routes
from tests.support.feedback import Event, bounce, complaint, receive

pytestmark = pytest.mark.thorough

# Which of two comes first is chance; each race is run until chance has had its say.
ROUNDS = 4


@pytest.fixture
def fake_aws(ministack: None) -> None:  # noqa: ARG001  # where it is
    """MiniStack in place of moto, with real waiting."""
    routes()  # loaded before anybody is in a hurry


def told(event: Event) -> None:
    """Tell of an event until it is taken note of, as SNS and Lambda do."""
    while True:
        try:
            receive(event)
        except Unavailable:
            continue
        return


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    start = Barrier(len(calls))

    def make(call: Callable[[], Any]) -> Any:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(make, calls))


def status_of(email: str) -> str | None:
    """Give what the address's profile shows, after looking at everything that is stored."""
    stored.check()
    return next((user["emailStatus"] for user in stored.profiles() if user["email"] == email), None)


def suppressed(email: str) -> str | None:
    found = [item.get("reason") for item in stored.items("SuppressionsTable") if item["email"] == email]
    return found[0] if found else None


def test_one_bounce_told_16_times_at_once_is_one(api: Api) -> None:
    email = "ada@example.com"
    member(api, "Ada", email)
    event = bounce(email)
    at_once(*[partial(told, event)] * 16)
    assert status_of(email) == "bounced"
    assert [entry["event"] for entry in stored.items("ActivityTable")].count("user_email_bounced") == 1
    (user,) = stored.profiles()
    assert user["version"] == 2


def test_of_a_bounce_and_a_complaint_at_once_the_later_counts(api: Api) -> None:
    for number in range(ROUNDS):
        email = f"both{number}@example.com"
        member(api, "Ada", email)
        first, second = bounce(email, at=1_790_000_000), complaint(email, at=1_790_000_001)
        at_once(partial(told, first), partial(told, second), partial(told, first))
        assert status_of(email) == "complained"


def test_a_bounce_while_the_address_is_opened_shows_on_the_profile(api: Api) -> None:
    for number in range(ROUNDS):
        email = f"new{number}@example.com"
        form = {"name": "Ada", "email": email, "password": PASSWORD}
        reply, _ = at_once(partial(api.post, "/api/auth/register", form), partial(told, bounce(email)))
        assert reply.status == 202
        assert status_of(email) == suppressed(email) == "bounced"


def test_a_bounce_while_the_address_is_invited_shows_on_the_profile(admin: Api) -> None:
    for number in range(ROUNDS):
        email = f"guest{number}@example.com"
        at_once(partial(admin.post, "/api/users", {"name": "Ada", "email": email}), partial(told, bounce(email)))
        assert status_of(email) == suppressed(email) == "bounced"


def test_a_bounce_while_the_address_is_confirmed_leaves_profile_and_list_agreed(api: Api, inbox: Inbox) -> None:
    for number in range(ROUNDS):
        email = f"proved{number}@example.com"
        api.post("/api/auth/register", {"name": "Ada", "email": email, "password": PASSWORD})
        proof = {"token": inbox.newest().token}
        reply, _ = at_once(partial(api.post, "/api/auth/verify-email", proof), partial(told, bounce(email)))
        assert reply.status == 200
        (user,) = [user for user in stored.profiles() if user["email"] == email]
        assert user["emailVerified"]
        assert status_of(email) in {"ok", "bounced"}


def test_a_later_bounce_while_the_suppression_is_lifted_leaves_profile_and_list_agreed(api: Api, inbox: Inbox) -> None:
    for number in range(ROUNDS):
        email = f"lifted{number}@example.com"
        member(api, "Ada", email)
        told(bounce(email))
        api.post("/api/auth/resend-verification", {"email": email})
        proof = {"token": inbox.newest().token}
        reply, _ = at_once(partial(api.post, "/api/auth/verify-email", proof), partial(told, complaint(email)))
        assert reply.status == 200
        assert status_of(email) in {"ok", "complained"}


def test_a_bounce_of_either_address_while_it_changes_leaves_both_agreed(api: Api, inbox: Inbox) -> None:
    for number in range(ROUNDS):
        old, new = f"old{number}@example.com", f"new{number}@example.com"
        ada = member(api, "Ada", old)
        ada.post("/api/auth/change-email", {"newEmail": new, "password": PASSWORD})
        proof = {"token": inbox.newest().token}
        reply, _, _ = at_once(
            partial(ada.post, "/api/auth/verify-email", proof), partial(told, bounce(old)), partial(told, bounce(new))
        )
        assert reply.status == 200
        assert suppressed(old) == "bounced"
        assert status_of(new) == (suppressed(new) or "ok")


def test_a_bounce_while_a_change_of_address_is_undone_leaves_both_agreed(api: Api, inbox: Inbox) -> None:
    for number in range(ROUNDS):
        old, new = f"back{number}@example.com", f"away{number}@example.com"
        ada = member(api, "Ada", old)
        ada.post("/api/auth/change-email", {"newEmail": new, "password": PASSWORD})
        ada.post("/api/auth/verify-email", {"token": inbox.newest().token})
        proof = {"token": inbox.newest().token}
        reply, _, _ = at_once(
            partial(ada.post, "/api/auth/verify-email", proof), partial(told, bounce(old)), partial(told, bounce(new))
        )
        assert reply.status == 200
        assert status_of(old) == (suppressed(old) or "ok")
        assert suppressed(new) == "bounced"


def test_a_bounce_while_the_account_is_closed_leaves_no_profile_and_a_suppression(api: Api) -> None:
    for number in range(ROUNDS):
        email = f"gone{number}@example.com"
        ada = member(api, "Ada", email)
        place = f"/api/users/{ada.get('/api/auth/me').json['data']['user']['id']}"
        replies: list[Reply | None] = at_once(partial(ada.delete, place), partial(told, bounce(email)))
        assert replies[0] is not None
        assert replies[0].status == 204
        assert status_of(email) is None
        assert suppressed(email) == "bounced"


def test_a_bounce_while_the_profile_changes_loses_neither(api: Api) -> None:
    for number in range(ROUNDS):
        email = f"named{number}@example.com"
        ada = member(api, "Ada", email)
        place = f"/api/users/{ada.get('/api/auth/me').json['data']['user']['id']}"
        reply, _ = at_once(partial(ada.patch, place, {"name": "Countess"}), partial(told, bounce(email)))
        assert reply.status == 200
        assert status_of(email) == "bounced"
        assert ada.get(place).json["data"]["name"] == "Countess"
