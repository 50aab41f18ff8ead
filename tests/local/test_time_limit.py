"""A request ends after 30 s, as with API Gateway, whatever it has waited for."""

import io
import threading
import time
from collections.abc import Iterator

import pytest
from flask import Flask, g

from local.functions.pool import FunctionTimeoutError, Result
from local.gateway.app import LIMIT, _Functions
from local.gateway.server import ARRIVED


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_request_that_has_used_its_time_is_answered_and_its_function_runs_on(release: threading.Event) -> None:
    finished = threading.Event()

    def invoke(_name: str, _event: str, _request_id: str) -> Result:
        release.wait()
        finished.set()
        return Result("{}", cold=False)

    functions = _Functions(invoke)
    arrived = time.monotonic() - LIMIT
    with Flask(__name__).test_request_context(environ_overrides={ARRIVED: arrived}):
        g.request_id = "an id"
        with pytest.raises(FunctionTimeoutError, match="within 30 s, the limit of API Gateway"):
            functions.invoke("EchoFunction", "{}", stdout=io.StringIO())
    assert not finished.is_set()
    release.set()
    assert finished.wait(30)
