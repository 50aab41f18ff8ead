"""Bounces and complaints between what a flow has read and what it writes, and the other way round; and power cuts."""

from collections.abc import Callable
from functools import partial

import pytest

from shared.accounts import lifecycle
from shared.records import keys
from tests.conftest import PASSWORD, member
from tests.support import stored
from tests.support.api import Api, Inbox
from tests.support.faults import PowerCut, Wire
from tests.support.feedback import Event, bounce, complaint, receive

pytestmark = pytest.mark.thorough

ADA, NEW = "ada@example.com", "countess@example.com"
FORM = {"name": "Ada", "email": ADA, "password": PASSWORD}
VERIFY = "/api/auth/verify-email"
NEXT = "a rather different sentence"
WRITES = ("TransactWriteItems", "UpdateItem")
Flow = Callable[[], object]


def status() -> str | None:
    """Give what the profile shows that is not an administrator's, after looking at everything that is stored."""
    stored.check()
    return next((user["emailStatus"] for user in stored.profiles() if user["role"] == "user"), None)


def suppressed(email: str) -> str | None:
    found = [item.get("reason") for item in stored.items("SuppressionsTable") if item["email"] == email]
    return found[0] if found else None


def registering(_admin: Api, _inbox: Inbox) -> Flow:
    return lambda: Api().post("/api/auth/register", FORM)


def registering_again(admin: Api, inbox: Inbox) -> Flow:
    registering(admin, inbox)()
    return registering(admin, inbox)


def inviting(admin: Api, _inbox: Inbox) -> Flow:
    return lambda: admin.post("/api/users", {"name": "Ada", "email": ADA})


def making_an_admin(_admin: Api, _inbox: Inbox) -> Flow:
    return partial(lifecycle.ensure_admin, ADA, PASSWORD)


def verifying(admin: Api, inbox: Inbox) -> Flow:
    registering(admin, inbox)()
    return partial(admin.post, VERIFY, {"token": inbox.newest().token})


def verifying_afresh(admin: Api, inbox: Inbox) -> Flow:
    member(admin, "Ada", ADA)
    receive(bounce(ADA))
    admin.post("/api/auth/resend-verification", {"email": ADA})
    return partial(admin.post, VERIFY, {"token": inbox.newest().token})


def resetting(admin: Api, inbox: Inbox) -> Flow:
    member(admin, "Ada", ADA)
    admin.post("/api/auth/forgot-password", {"email": ADA})
    return partial(
        admin.post, "/api/auth/reset-password", {"token": inbox.newest().token, "password": "a new sentence"}
    )


def resetting_while_suppressed(admin: Api, inbox: Inbox) -> Flow:
    flow = resetting(admin, inbox)
    receive(bounce(ADA))
    return flow


def moving_away(admin: Api, inbox: Inbox) -> Flow:
    ada = member(admin, "Ada", ADA)
    ada.post("/api/auth/change-email", {"newEmail": NEW, "password": PASSWORD})
    return partial(ada.post, VERIFY, {"token": inbox.newest().token})


def moving_here(admin: Api, inbox: Inbox) -> Flow:
    ada = member(admin, "Ada", NEW)
    ada.post("/api/auth/change-email", {"newEmail": ADA, "password": PASSWORD})
    return partial(ada.post, VERIFY, {"token": inbox.newest().token})


def undoing_away(admin: Api, inbox: Inbox) -> Flow:
    moving_here(admin, inbox)()
    return partial(admin.post, VERIFY, {"token": inbox.newest().token})


def undoing_here(admin: Api, inbox: Inbox) -> Flow:
    moving_away(admin, inbox)()
    return partial(admin.post, VERIFY, {"token": inbox.newest().token})


def closing(admin: Api, _inbox: Inbox) -> Flow:
    ada = member(admin, "Ada", ADA)
    return partial(ada.delete, f"/api/users/{ada.get('/api/auth/me').json['data']['user']['id']}")


def renaming(admin: Api, _inbox: Inbox) -> Flow:
    ada = member(admin, "Ada", ADA)
    place = f"/api/users/{ada.get('/api/auth/me').json['data']['user']['id']}"
    return partial(ada.patch, place, {"name": "Countess"})


FLOWS = [
    registering,
    registering_again,
    inviting,
    making_an_admin,
    verifying,
    verifying_afresh,
    resetting,
    resetting_while_suppressed,
    moving_away,
    moving_here,
    undoing_away,
    undoing_here,
    closing,
    renaming,
]
EVENTS = [bounce, complaint]


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("prepare", FLOWS)
def test_an_event_comes_while_the_account_changes(
    admin: Api, inbox: Inbox, wire: Wire, prepare: Callable[[Api, Inbox], Flow], event: Callable[[str], Event]
) -> None:
    flow = prepare(admin, inbox)
    wire.meanwhile(partial(receive, event(ADA)), before=WRITES[0])
    flow()
    assert status() in {None, "ok", suppressed(ADA)}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("prepare", FLOWS)
def test_the_account_changes_while_an_event_is_taken_note_of(
    admin: Api, inbox: Inbox, wire: Wire, prepare: Callable[[Api, Inbox], Flow], event: Callable[[str], Event]
) -> None:
    flow = prepare(admin, inbox)
    told = event(ADA)
    begun: list[Flow] = []

    def before(operation: str) -> None:
        if operation in WRITES and not begun:
            begun.append(flow)
            flow()

    wire.before = before
    receive(told)
    assert begun
    stored.check()


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("prepare", [registering, verifying, verifying_afresh, moving_away, renaming])
def test_the_power_fails_while_an_event_is_taken_note_of(
    admin: Api, inbox: Inbox, wire: Wire, prepare: Callable[[Api, Inbox], Flow], event: Callable[[str], Event]
) -> None:
    prepare(admin, inbox)
    told = partial(receive, event(ADA))
    keys.public_key("")
    wire.reset()
    for call in range(1, 5):
        wire.cut_power_after(call)
        try:
            told()
        except PowerCut:
            wire.reset()
            stored.check()
        wire.reset()
    told()
    stored.check()
    assert suppressed(ADA) in {"bounced", "complained"}


def test_two_events_of_one_address_at_once_are_both_taken_note_of(ada: Api, wire: Wire) -> None:
    assert ada is not None
    wire.meanwhile(partial(receive, complaint(ADA, at=1_790_000_001)), before=WRITES[0])
    receive(bounce(ADA, at=1_790_000_000))
    assert (status(), suppressed(ADA)) == ("complained", "complained")
