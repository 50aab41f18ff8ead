"""Bounces and complaints that interleave with account flows, and crashes while they are processed.

An event arrives between the reads and the write of a flow, or a flow runs between those of the event's function, or
the process dies after an AWS call of that function. The profile's `emailStatus` and the suppression must then agree,
and an event whose processing crashed is stored when it is received again.
"""

from collections.abc import Callable
from functools import partial

import pytest

from shared.accounts import lifecycle
from shared.records import keys
from tests.support import PASSWORD, stored
from tests.support.accounts import member
from tests.support.api import Api, Inbox
from tests.support.faults import PowerCut, Wire
from tests.support.feedback import Event, bounce, complaint, receive

pytestmark = pytest.mark.thorough

ADA, NEW = "ada@example.com", "countess@example.com"
FORM = {"name": "Ada", "email": ADA, "password": PASSWORD}
VERIFY = "/api/auth/verify-email"
WRITES = ("TransactWriteItems", "UpdateItem")
Flow = Callable[[], object]
Prepare = Callable[[Api, Inbox], Flow]


def status() -> str | None:
    """Check all stored data. Return the email status of the user who is not an administrator."""
    stored.check()
    return next((user["emailStatus"] for user in stored.profiles() if user["role"] == "user"), None)


def suppressed(email: str) -> str | None:
    found = [item.get("reason") for item in stored.items("SuppressionsTable") if item["email"] == email]
    return found[0] if found else None


# Flows ---------------------------------------------------------------------------------------------

# Each function stores what its flow needs, and returns the flow.


def registering(_admin: Api, _inbox: Inbox) -> Flow:
    return lambda: Api().post("/api/auth/register", FORM)


def inviting(admin: Api, _inbox: Inbox) -> Flow:
    return lambda: admin.post("/api/users", {"name": "Ada", "email": ADA})


def ensuring_an_admin(_admin: Api, _inbox: Inbox) -> Flow:
    return partial(lifecycle.ensure_admin, ADA, PASSWORD)


def confirming(admin: Api, inbox: Inbox) -> Flow:
    secret = admin.post("/api/auth/register", FORM).json["registration"]
    return partial(admin.post, VERIFY, {"token": inbox.newest().token, "registration": secret})


def proving_again(admin: Api, inbox: Inbox) -> Flow:
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


def changing_from_address(admin: Api, inbox: Inbox) -> Flow:
    ada = member(admin, "Ada", ADA)
    ada.post("/api/auth/change-email", {"newEmail": NEW, "password": PASSWORD})
    return partial(ada.post, VERIFY, {"token": inbox.newest().token})


def changing_to_address(admin: Api, inbox: Inbox) -> Flow:
    ada = member(admin, "Ada", NEW)
    ada.post("/api/auth/change-email", {"newEmail": ADA, "password": PASSWORD})
    return partial(ada.post, VERIFY, {"token": inbox.newest().token})


def undoing_change_to_address(admin: Api, inbox: Inbox) -> Flow:
    changing_to_address(admin, inbox)()
    return partial(admin.post, VERIFY, {"token": inbox.newest().token})


def undoing_change_from_address(admin: Api, inbox: Inbox) -> Flow:
    changing_from_address(admin, inbox)()
    return partial(admin.post, VERIFY, {"token": inbox.newest().token})


def closing(admin: Api, _inbox: Inbox) -> Flow:
    ada = member(admin, "Ada", ADA)
    return partial(ada.delete, f"/api/users/{ada.get('/api/auth/me').json['data']['user']['id']}")


def renaming(admin: Api, _inbox: Inbox) -> Flow:
    ada = member(admin, "Ada", ADA)
    url = f"/api/users/{ada.get('/api/auth/me').json['data']['user']['id']}"
    return partial(ada.patch, url, {"name": "Countess"})


FLOWS = [
    registering,
    inviting,
    ensuring_an_admin,
    confirming,
    proving_again,
    resetting,
    resetting_while_suppressed,
    changing_from_address,
    changing_to_address,
    undoing_change_to_address,
    undoing_change_from_address,
    closing,
    renaming,
]
EVENTS = [bounce, complaint]


# Tests ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("prepare", FLOWS)
def test_event_during_a_flow_leaves_consistent_data(
    admin: Api, inbox: Inbox, wire: Wire, prepare: Prepare, event: Callable[[str], Event]
) -> None:
    flow = prepare(admin, inbox)
    wire.meanwhile(partial(receive, event(ADA)), before=WRITES[0])
    flow()
    assert status() in {None, "ok", suppressed(ADA)}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("prepare", FLOWS)
def test_flow_during_an_event_leaves_consistent_data(
    admin: Api, inbox: Inbox, wire: Wire, prepare: Prepare, event: Callable[[str], Event]
) -> None:
    flow = prepare(admin, inbox)
    message = event(ADA)
    started: list[Flow] = []

    def before(operation: str) -> None:
        if operation in WRITES and not started:
            started.append(flow)
            flow()

    wire.before = before
    receive(message)
    assert started
    stored.check()


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("prepare", [confirming, proving_again, changing_from_address, renaming])
def test_event_can_be_received_again_after_a_crash(
    admin: Api, inbox: Inbox, wire: Wire, prepare: Prepare, event: Callable[[str], Event]
) -> None:
    prepare(admin, inbox)
    message = event(ADA)
    keys.public_key("")
    wire.reset()
    for call in range(1, 5):
        wire.cut_power_after(call)
        try:
            receive(message)
        except PowerCut:
            wire.reset()
            stored.check()
        wire.reset()
    receive(message)
    stored.check()
    assert suppressed(ADA) in {"bounced", "complained"}


def test_later_of_two_interleaved_events_is_shown(ada: Api, wire: Wire) -> None:
    assert ada is not None
    wire.meanwhile(partial(receive, complaint(ADA, at=1_790_000_001)), before=WRITES[0])
    receive(bounce(ADA, at=1_790_000_000))
    assert (status(), suppressed(ADA)) == ("complained", "complained")


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("prepare", FLOWS)
def test_flow_before_any_call_of_an_event_leaves_consistent_data(  # noqa: PLR0913, PLR0917  # fixtures
    admin: Api,
    inbox: Inbox,
    wire: Wire,
    reset_moto: Callable[[], None],
    prepare: Prepare,
    event: Callable[[str], Event],
) -> None:
    """What was read before the flow and what was read after it must not be combined."""
    for number in range(1, 10):
        reset_moto()
        admin = member(Api(), "Administrator", "admin@example.com", role="admin")
        flow = prepare(admin, inbox)
        wire.reset()

        def before(_: str, flow: Flow = flow, number: int = number) -> None:
            if len(wire.calls) == number:
                wire.before = lambda _: None
                flow()

        wire.before = before
        receive(event(ADA))
        is_complete = len(wire.calls) < number
        wire.reset()
        stored.check()
        if is_complete:
            break
