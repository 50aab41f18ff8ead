"""A request ends after 30 s with a 503, as with API Gateway, whatever it has waited for."""

import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import pytest
from flask import Flask, g

from local.functions.pool import Result
from local.gateway import app, server
from local.gateway.app import GatewayTimeoutError, RequestRecord, make_app
from local.gateway.server import RECEIVED, Received
from local.template import read_project
from tests.local.harness import PROJECT, TIMEOUT, eventually, serving


class Hanging:
    """A function that answers only after `release` is set."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.started: list[str] = []
        self.finished: list[str] = []

    def __call__(self, _name: str, _event: str, request_id: str) -> Result:
        self.started.append(request_id)
        assert self.release.wait(TIMEOUT)
        self.finished.append(request_id)
        return Result("{}", cold=False)


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    function = Hanging()
    yield function
    function.release.set()


def get(port: int) -> tuple[int, object]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)) as connection:
        connection.request("GET", "/echo")
        response = connection.getresponse()
        return response.status, json.loads(response.read())


def unanswered(hanging: Hanging) -> RequestRecord:
    """Make a request that gets a 503, and return its record."""
    records: list[RequestRecord] = []
    with serving(make_app(read_project(PROJECT / "template.yaml", {}), hanging, records.append, 0)) as running:
        assert get(running.port) == (503, {"message": "Service Unavailable"})
    (record,) = records
    return record


def test_request_that_has_used_its_time_is_answered_with_503_and_its_function_runs_on(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "GATEWAY_SECONDS", 0.5)
    record = unanswered(hanging)
    assert str(record).endswith("EchoFunction: it did not answer within 30 s, the limit of API Gateway")
    assert (hanging.started, hanging.finished) == ([record.request_id], [])
    hanging.release.set()
    eventually(lambda: hanging.finished, what="the end of the function")


def test_request_that_has_waited_too_long_reaches_no_function(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "GATEWAY_SECONDS", 0.0)
    assert str(unanswered(hanging)).endswith(" - it could not be started within 30 s, the limit of API Gateway")
    assert hanging.started == []


def test_invocation_that_still_waits_for_a_thread_never_starts(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "THREADS", 1)
    functions = app._Functions(hanging)
    late = Received(io.BytesIO(), too_large=False, no_room=False, arrived=0, deadline=time.monotonic())
    for request_id in ("first", "second"):
        with Flask(__name__).test_request_context(environ_overrides={RECEIVED: late}):
            g.request_id = request_id
            with pytest.raises(GatewayTimeoutError):
                functions.invoke("EchoFunction", "{}", stdout=io.StringIO())
            eventually(lambda: hanging.started, what="the first function")
    hanging.release.set()
    functions._threads.shutdown()
    assert hanging.finished == ["first"]
