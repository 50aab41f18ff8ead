"""The power fails before or after any call of a delivery, or an answer is lost: no mail is lost, and twice only if."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine

from shared.core import aws
from shared.core.errors import Unavailable
from tests.conftest import PASSWORD, forget_circuits
from tests.support import faults, stored
from tests.support.api import Api, Inbox, deliver, entries, redrive, retry
from tests.support.faults import PowerCut, Wire

pytestmark = pytest.mark.thorough

ADA = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
NOON = 1_900_000_000
Clock = time_machine.Traveller
Renew = Callable[[], None]
Item = dict[str, Any]


@pytest.fixture
def now(api: Api) -> Iterator[Clock]:  # noqa: ARG001  # before the clock stops
    """The clock, which stands still."""
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def by_stream(_: Clock, *items: Item) -> None:
    deliver(*items)


def by_job(now: Clock, *_: Item) -> None:
    now.shift(120)
    retry()


def by_stream_where_ses_fails(_: Clock, *items: Item) -> None:
    with failing_ses():
        deliver(*items)


def by_stream_where_ses_refuses(_: Clock, *items: Item) -> None:
    with failing_ses("MessageRejected"):
        deliver(*items)


class failing_ses:  # noqa: N801  # reads as what it is
    """SES answers with an error meanwhile; beside whatever else befalls the line."""

    def __init__(self, code: str = "TooManyRequestsException") -> None:
        self._answer = faults.error(code)

    def __enter__(self) -> None:
        events: Any = aws.sesv2().meta.events  # the stubs know no handler that answers
        events.register_last("before-call.sesv2.SendEmail", lambda **_: self._answer(), unique_id="failing")

    def __exit__(self, *_: object) -> None:
        aws.sesv2().meta.events.unregister("before-call.sesv2.SendEmail", unique_id="failing")


def dies_before(wire: Wire, call: int) -> None:
    def before(_: str) -> None:
        if len(wire.calls) == call:
            raise PowerCut

    wire.before = before


def dies_after(wire: Wire, call: int) -> None:
    wire.cut_power_after(call)


def loses_the_answer(wire: Wire, call: int) -> None:
    wire.lose_answer_to(call)


@pytest.mark.parametrize("befalls", [dies_before, dies_after, loses_the_answer])
@pytest.mark.parametrize("flow", [by_stream, by_job, by_stream_where_ses_fails, by_stream_where_ses_refuses])
def test_whatever_befalls_a_delivery_its_mail_is_sent_and_twice_only_if_its_note_was_lost(  # noqa: PLR0913, PLR0917  # fixtures
    inbox: Inbox,
    now: Clock,
    wire: Wire,
    reset_moto: Renew,
    flow: Callable[..., None],
    befalls: Callable[[Wire, int], None],
) -> None:
    def waiting() -> list[Item]:
        reset_moto()
        forget_circuits()
        inbox.sent.clear()
        now.move_to(NOON)
        assert Api().post("/api/auth/register", ADA).status == 202
        items = entries()
        wire.reset()
        return items

    flow(now, *waiting())
    calls = list(wire.calls)
    # What SES answers in place of sending a mail is answered before the line is reached.
    assert calls.count("SendEmail") == (flow in {by_stream, by_job})
    for number, operation in enumerate(calls, 1):
        items = waiting()
        befalls(wire, number)
        with contextlib.suppress(PowerCut, Unavailable):
            flow(now, *items)
        wire.reset()
        stored.check()
        for _ in range(3):
            now.shift(180)
            retry()
        redrive()
        retry()
        (entry,) = stored.items("OutboxTable")
        assert stored.state(entry) == "done", f"{operation}, call {number} of {calls}"
        assert {mail.headers["X-Outbox-Id"] for mail in inbox.sent} == {entry["id"]}
        # It went out, and nobody could note it: the note is the last call.
        unknown = operation == "SendEmail" and befalls is not dies_before
        not_noted = number == len(calls) and befalls is dies_before
        sends = 2 if flow in {by_stream, by_job} and (unknown or not_noted) else 1
        assert len(inbox.sent) == sends, f"{operation}, call {number} of {calls}"
        verified = Api().post("/api/auth/verify-email", {"token": inbox.sent[-1].token})
        assert verified.status == 200
        stored.check()


@pytest.mark.parametrize("befalls", [dies_before, dies_after, loses_the_answer])
def test_whatever_befalls_a_redrive_every_mail_is_put_back_by_it_or_the_next(
    inbox: Inbox, now: Clock, wire: Wire, reset_moto: Renew, befalls: Callable[[Wire, int], None]
) -> None:
    def dead() -> None:
        reset_moto()
        inbox.sent.clear()
        now.move_to(NOON)
        for number in range(3):
            body = {**ADA, "email": f"user{number}@example.com"}
            assert Api().post("/api/auth/register", body).status == 202
        by_stream_where_ses_refuses(now, *entries())
        aws.sqs().send_message(QueueUrl="UndeliveredEmailQueue", MessageBody="a note")
        wire.reset()

    dead()
    redrive()
    for number in range(1, len(wire.calls) + 1):
        dead()
        befalls(wire, number)
        with contextlib.suppress(PowerCut, Unavailable):
            redrive()
        wire.reset()
        stored.check()
        redrive()
        retry()
        assert len(inbox.sent) == 3
        stored.check()
