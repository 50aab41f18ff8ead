"""Bounces and complaints concurrent with changes of the account, against MiniStack.

An event is received at the same moment as a request that changes the account, and which one wins is up to chance. In
the end the profile's `emailStatus` and the suppression must agree, and the change must have been made.
"""

from functools import partial

import pytest

from shared.core.errors import Unavailable
from tests.support import PASSWORD, stored
from tests.support.accounts import member
from tests.support.api import Api, Inbox, Reply, routes
from tests.support.feedback import Event, bounce, complaint, receive
from tests.support.threads import at_once

pytestmark = pytest.mark.thorough

# Which of two calls is first is up to chance, so each race is repeated.
ROUNDS = 4


@pytest.fixture
def fake_aws(ministack: None) -> None:  # noqa: ARG001  # replaces moto
    """MiniStack in place of moto, with real pauses between retries."""
    routes()  # imported before the race, not during it


def receive_with_retries(event: Event) -> None:
    """Receive an event, with retries as by SNS and Lambda."""
    while True:
        try:
            receive(event)
        except Unavailable:
            continue
        return


def status_of(email: str) -> str | None:
    """Check all stored data. Return the email status of the user with this address."""
    stored.check()
    return next((user["emailStatus"] for user in stored.profiles() if user["email"] == email), None)


def suppressed(email: str) -> str | None:
    found = [item.get("reason") for item in stored.items("SuppressionsTable") if item["email"] == email]
    return found[0] if found else None


def test_bounce_received_16_times_at_once_is_stored_once(api: Api) -> None:
    email = "ada@example.com"
    member(api, "Ada", email)
    event = bounce(email)
    at_once(*[partial(receive_with_retries, event)] * 16)
    assert status_of(email) == "bounced"
    assert [entry["event"] for entry in stored.items("ActivityTable")].count("user_email_bounced") == 1
    (user,) = stored.profiles()
    assert user["version"] == 2


def test_later_of_concurrent_bounce_and_complaint_is_shown(api: Api) -> None:
    for number in range(ROUNDS):
        email = f"both{number}@example.com"
        member(api, "Ada", email)
        first, second = bounce(email, at=1_790_000_000), complaint(email, at=1_790_000_001)
        at_once(
            partial(receive_with_retries, first),
            partial(receive_with_retries, second),
            partial(receive_with_retries, first),
        )
        assert status_of(email) == "complained"


def test_bounce_during_invitation_is_shown(admin: Api) -> None:
    for number in range(ROUNDS):
        email = f"guest{number}@example.com"
        at_once(
            partial(admin.post, "/api/users", {"name": "Ada", "email": email}),
            partial(receive_with_retries, bounce(email)),
        )
        assert status_of(email) == suppressed(email) == "bounced"


def test_bounce_during_confirmation_leaves_consistent_data(api: Api, inbox: Inbox) -> None:
    for number in range(ROUNDS):
        email = f"confirmed{number}@example.com"
        form = {"name": "Ada", "email": email, "password": PASSWORD}
        secret = api.post("/api/auth/register", form).json["registration"]
        body = {"token": inbox.newest().token, "registration": secret}
        reply, _ = at_once(
            partial(api.post, "/api/auth/verify-email", body), partial(receive_with_retries, bounce(email))
        )
        assert reply.status == 200
        (user,) = [user for user in stored.profiles() if user["email"] == email]
        assert user["emailVerified"]
        assert status_of(email) in {"ok", "bounced"}


def test_complaint_while_a_bounce_is_lifted_leaves_consistent_data(api: Api, inbox: Inbox) -> None:
    for number in range(ROUNDS):
        email = f"lifted{number}@example.com"
        member(api, "Ada", email)
        receive_with_retries(bounce(email))
        api.post("/api/auth/resend-verification", {"email": email})
        body = {"token": inbox.newest().token}
        reply, _ = at_once(
            partial(api.post, "/api/auth/verify-email", body), partial(receive_with_retries, complaint(email))
        )
        assert reply.status == 200
        assert status_of(email) in {"ok", "complained"}


def test_bounces_during_an_email_change_leave_consistent_data(api: Api, inbox: Inbox) -> None:
    for number in range(ROUNDS):
        old, new = f"old{number}@example.com", f"new{number}@example.com"
        ada = member(api, "Ada", old)
        ada.post("/api/auth/change-email", {"newEmail": new, "password": PASSWORD})
        body = {"token": inbox.newest().token}
        reply, _, _ = at_once(
            partial(ada.post, "/api/auth/verify-email", body),
            partial(receive_with_retries, bounce(old)),
            partial(receive_with_retries, bounce(new)),
        )
        assert reply.status == 200
        assert suppressed(old) == "bounced"
        assert status_of(new) == (suppressed(new) or "ok")


def test_bounces_while_undoing_a_change_leave_consistent_data(api: Api, inbox: Inbox) -> None:
    for number in range(ROUNDS):
        old, new = f"back{number}@example.com", f"away{number}@example.com"
        ada = member(api, "Ada", old)
        ada.post("/api/auth/change-email", {"newEmail": new, "password": PASSWORD})
        ada.post("/api/auth/verify-email", {"token": inbox.newest().token})
        body = {"token": inbox.newest().token}
        reply, _, _ = at_once(
            partial(ada.post, "/api/auth/verify-email", body),
            partial(receive_with_retries, bounce(old)),
            partial(receive_with_retries, bounce(new)),
        )
        assert reply.status == 200
        assert status_of(old) == (suppressed(old) or "ok")
        assert suppressed(new) == "bounced"


def test_bounce_while_closing_the_account_leaves_a_suppression(api: Api) -> None:
    for number in range(ROUNDS):
        email = f"gone{number}@example.com"
        ada = member(api, "Ada", email)
        url = f"/api/users/{ada.get('/api/auth/me').json['data']['user']['id']}"
        replies: list[Reply | None] = at_once(partial(ada.delete, url), partial(receive_with_retries, bounce(email)))
        assert replies[0] is not None
        assert replies[0].status == 204
        assert status_of(email) is None
        assert suppressed(email) == "bounced"


def test_bounce_and_concurrent_profile_change_are_both_kept(api: Api) -> None:
    for number in range(ROUNDS):
        email = f"named{number}@example.com"
        ada = member(api, "Ada", email)
        url = f"/api/users/{ada.get('/api/auth/me').json['data']['user']['id']}"
        reply, _ = at_once(partial(ada.patch, url, {"name": "Countess"}), partial(receive_with_retries, bounce(email)))
        assert reply.status == 200
        assert status_of(email) == "bounced"
        assert ada.get(url).json["data"]["name"] == "Countess"
