"""The deadline of a request: no call to AWS, and no retry, begins after it."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from botocore import endpoint
from botocore.exceptions import ReadTimeoutError

from local.template import Project
from shared.core import aws, deadlines
from shared.core.conditions import Key
from shared.core.errors import Unavailable
from shared.core.tables import in_parallel
from shared.records.limits import LIMITS
from tests.support import PASSWORD
from tests.support.api import Api
from tests.support.faults import URL, Wire


class Clock:
    """The time that deadlines see, in seconds."""

    now = 0.0

    def pass_(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(deadlines, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(endpoint, "time", SimpleNamespace(sleep=clock.pass_))
    return clock


@pytest.fixture
def hanging(fake_aws: None, clock: Clock) -> Iterator[list[str]]:  # noqa: ARG001  # its client
    """DynamoDB, hanging. Returns the attempts to reach it."""
    attempts: list[str] = []

    def hang(**_: Any) -> None:
        attempts.append("attempt")
        clock.pass_(aws.READ_TIMEOUT)
        raise ReadTimeoutError(endpoint_url=URL)

    events = aws.dynamodb().meta.events
    events.register_last("before-send", hang)
    yield attempts
    events.unregister("before-send", hang)


def test_slow_calls_end_in_503_when_the_next_would_begin_too_late(ada: Api, wire: Wire, clock: Clock) -> None:
    wire.after = lambda _: clock.pass_(1.4)
    reply = ada.post("/api/auth/change-password", {"currentPassword": PASSWORD, "newPassword": "another one 4 me"})
    assert (reply.status, reply.json["code"], reply.headers["retry-after"]) == (503, "unavailable", "2")
    assert clock.now <= 5 + 1.4
    wire.reset()
    assert ada.get("/api/auth/me").status == 200


def test_hanging_call_is_tried_twice_within_five_seconds(api: Api, hanging: list[str], clock: Clock) -> None:
    assert api.post("/api/auth/forgot-password", {"email": "ada@example.com"}).status == 503
    assert len(hanging) == 2
    assert clock.now < 5


def test_health_is_known_within_two_seconds(
    api: Api, hanging: list[str], clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    assert api.get("/api/health").status == 503
    # The log has the address that did not answer, rather than that there was no time for another attempt.
    cause = caplog.records[-1].fields["cause"]  # type: ignore[attr-defined]
    assert cause.startswith("Read timeout on endpoint URL: ")
    assert len(hanging) == 1
    assert clock.now < 2


def test_queries_in_parallel_share_the_deadline(api: Api, wire: Wire, clock: Clock) -> None:  # noqa: ARG001  # empty tables
    with deadlines.within(1):
        clock.pass_(2)
        with pytest.raises(Unavailable):
            in_parallel([LIMITS.query(Key("key").eq("none"))])


def test_jobs_have_no_deadline(api: Api, clock: Clock) -> None:  # noqa: ARG001  # empty tables
    with deadlines.within(1):
        pass
    clock.pass_(1000)
    assert LIMITS.get({"key": "none"}) is None


def test_functions_have_time_for_a_hanging_call_that_began_at_the_deadline(project: Project) -> None:
    longest = 5 + aws.CONNECT_TIMEOUT + aws.READ_TIMEOUT
    served = {route.function_name for route in project.api.routes}
    assert min(project.functions[name].timeout for name in served) > 1.5 * longest
