"""Crashes and lost responses while emails are delivered.

The process dies before or after each AWS call of a delivery, or the response to that call is lost. No email may be
lost, and it is sent twice only if the first time could not be recorded.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine

from shared.core import aws
from shared.core.errors import Unavailable
from shared.records import outbox
from tests.support import PASSWORD, faults, stored
from tests.support.api import Api, Context, Inbox, deliver, entries, load, redrive, retry
from tests.support.aws import forget_circuits
from tests.support.faults import PowerCut, Wire

pytestmark = pytest.mark.thorough

ADA = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}
NOON = 1_900_000_000
Clock = time_machine.Traveller
Reset = Callable[[], None]
Item = dict[str, Any]


@pytest.fixture
def now(api: Api) -> Iterator[Clock]:  # noqa: ARG001  # set up before the clock stops
    """The clock, stopped."""
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


# Deliveries ----------------------------------------------------------------------------------------


def stream(_: Clock, *items: Item) -> None:
    deliver(*items)


def retry_job(now: Clock, *_: Item) -> None:
    now.shift(120)
    load("jobs/retry_emails").handler({"part": outbox.SHARDS[0]}, Context())


def stream_while_ses_fails(_: Clock, *items: Item) -> None:
    with failing_ses("TooManyRequestsException"):
        deliver(*items)


def stream_while_ses_rejects(_: Clock, *items: Item) -> None:
    with failing_ses("MessageRejected"):
        deliver(*items)


@contextlib.contextmanager
def failing_ses(code: str) -> Iterator[None]:
    """Let SES respond with an error, in addition to any fault on the wire."""
    error = faults.error(code)
    events: Any = aws.sesv2().meta.events  # the stubs lack handlers that return a response
    events.register_last("before-call.sesv2.SendEmail", lambda **_: error(), unique_id="failing")
    try:
        yield
    finally:
        events.unregister("before-call.sesv2.SendEmail", unique_id="failing")


# Interruptions -------------------------------------------------------------------------------------


def crash_before(wire: Wire, call: int) -> None:
    def before(_: str) -> None:
        if len(wire.calls) == call:
            raise PowerCut

    wire.before = before


def crash_after(wire: Wire, call: int) -> None:
    wire.cut_power_after(call)


def lose_response(wire: Wire, call: int) -> None:
    wire.lose_answer_to(call)


# Tests ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interrupt", [crash_before, crash_after, lose_response])
@pytest.mark.parametrize("flow", [stream, retry_job, stream_while_ses_fails, stream_while_ses_rejects])
def test_interrupted_delivery_loses_no_email(  # noqa: PLR0913, PLR0917  # fixtures
    inbox: Inbox,
    now: Clock,
    wire: Wire,
    reset_moto: Reset,
    flow: Callable[..., None],
    interrupt: Callable[[Wire, int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The calls are the same in each run.
    monkeypatch.setattr(outbox, "_shard_of", lambda _: outbox.SHARDS[0])
    secret = ""

    def prepare() -> list[Item]:
        nonlocal secret
        reset_moto()
        forget_circuits()
        inbox.sent.clear()
        now.move_to(NOON)
        secret = Api().post("/api/auth/register", ADA).json["registration"]
        items = entries()
        wire.reset()
        return items

    flow(now, *prepare())
    calls = list(wire.calls)
    # While SES fails, SendEmail never reaches the wire.
    assert calls.count("SendEmail") == (flow in {stream, retry_job})
    for number, operation in enumerate(calls, 1):
        items = prepare()
        interrupt(wire, number)
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
        assert {email.headers["X-Outbox-Id"] for email in inbox.sent} == {entry["id"]}
        # The last call records that the email was sent.
        is_unknown = operation == "SendEmail" and interrupt is not crash_before
        is_unrecorded = number == len(calls) and interrupt is crash_before
        sends = 2 if flow in {stream, retry_job} and (is_unknown or is_unrecorded) else 1
        assert len(inbox.sent) == sends, f"{operation}, call {number} of {calls}"
        proofs = {"token": inbox.sent[0].token, "registration": secret}
        assert Api().post("/api/auth/verify-email", proofs).status == 200
        stored.check()


@pytest.mark.parametrize("interrupt", [crash_before, crash_after, lose_response])
def test_interrupted_redrive_is_completed_by_the_next(
    inbox: Inbox, now: Clock, wire: Wire, reset_moto: Reset, interrupt: Callable[[Wire, int], None]
) -> None:
    def prepare() -> None:
        reset_moto()
        inbox.sent.clear()
        now.move_to(NOON)
        for number in range(3):
            body = {**ADA, "email": f"user{number}@example.com"}
            assert Api().post("/api/auth/register", body).status == 202
        stream_while_ses_rejects(now, *entries())
        aws.sqs().send_message(QueueUrl="UndeliveredEmailQueue", MessageBody="a message")
        wire.reset()

    prepare()
    redrive()
    for number in range(1, len(wire.calls) + 1):
        prepare()
        interrupt(wire, number)
        with contextlib.suppress(PowerCut, Unavailable):
            redrive()
        wire.reset()
        stored.check()
        redrive()
        retry()
        assert len(inbox.sent) == 3
        stored.check()
