"""The HTTP server by itself, without a gateway behind it."""

import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest

from local import asgi
from local.asgi import Receive
from local.functions.pool import Result
from local.gateway.app import RequestRecord, make_app
from local.gateway.server import MAX_BODY, RECEIVED, Server
from local.template import read_project
from tests.local.harness import PROJECT, TIMEOUT, eventually, rest, serving, size_limit


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(asgi, "READ_SECONDS", 0.2)

    def application(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    with serving(application) as server:
        yield server


@pytest.mark.parametrize(
    ("start", "answers"),
    [
        (b"", 0),
        (b"GET / HTTP/1.1\r\nHo", 0),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", 0),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf", 0),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", 0),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTT", 1),
    ],
    ids=["nothing", "head", "no body", "body", "chunk", "idle", "next head"],
)
def test_connection_without_further_data_is_closed(server: Server, start: bytes, answers: int) -> None:
    with closing(socket.create_connection(("127.0.0.1", server.port), TIMEOUT)) as connection:
        connection.sendall(start)
        received = rest(connection)
    assert received.count(b"HTTP/1.1 200 ") == answers


def post(server: Server, body: bytes, path: str = "/") -> bytes:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT)) as connection:
        connection.request("POST", path, body)
        return connection.getresponse().read()


class Held:
    """An application that keeps large bodies until `release` is set."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.sizes: list[int] = []
        self.most = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])
        if environ[RECEIVED].too_large:
            return [b"too large"]
        if environ[RECEIVED].deadline <= time.monotonic():
            return [b"too late"]
        length = len(environ["wsgi.input"].read())
        if length > 1:
            self.sizes.append(length)
            self.most = max(self.most, sum(self.sizes))
            assert self.release.wait(TIMEOUT)
            self.sizes.remove(length)
        return [str(length).encode()]


@pytest.fixture
def held() -> Iterator[Held]:
    application = Held()
    yield application
    application.release.set()


@pytest.fixture
def bodies(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the bodies that were received completely."""
    received: list[int] = []

    async def count_received(receive: Receive, limit: int) -> AsyncIterator[bytes]:
        async for part in asgi.body_parts(receive, limit):
            yield part
        received.append(len(received))

    monkeypatch.setattr("local.gateway.server.body_parts", count_received)
    return received


def test_large_bodies_in_use_are_as_much_as_one_of_the_greatest_size(held: Held, bodies: list[int]) -> None:
    """A body is several times in memory while it becomes an event."""
    large = bytes(MAX_BODY * 2 // 5)
    with serving(held) as server, ThreadPoolExecutor() as threads:
        answers = [threads.submit(post, server, large) for _ in range(5)]
        eventually(lambda: len(bodies) == 5, what="five bodies")
        eventually(lambda: held.sizes == 2 * [len(large)], what="two requests at the same time")
        assert [post(server, b"x") for _ in range(20)] == [b"1"] * 20
        assert post(server, bytes(MAX_BODY + 1)) == b"too large"
        held.release.set()
        assert {answer.result() for answer in answers} == {str(len(large)).encode()}
    assert held.most == 2 * len(large) < MAX_BODY


def test_large_body_waits_until_the_deadline_of_its_request_only(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(held) as server, ThreadPoolExecutor() as threads:
        first = threads.submit(post, server, bytes(MAX_BODY))
        eventually(lambda: held.sizes, what="the first body")
        monkeypatch.setattr("local.gateway.server.GATEWAY_SECONDS", 0.05)
        assert post(server, bytes(MAX_BODY)) == b"too late"
        held.release.set()
        assert first.result() == str(MAX_BODY).encode()


def test_body_that_does_not_fit_on_the_disk_is_answered_with_503() -> None:
    records: list[RequestRecord] = []
    project = read_project(PROJECT / "template.yaml", {})

    def invoke(_name: str, _event: str, _request_id: str) -> Result:
        return Result('{"statusCode": 200, "body": "invoked"}', cold=False)

    with serving(make_app(project, invoke, records.append, 0)) as server:
        with size_limit(1_000_000):
            assert json.loads(post(server, bytes(2_000_000), "/echo")) == {"message": "Service Unavailable"}
        assert post(server, bytes(2_000_000), "/echo") == b"invoked"
    assert [record.status for record in records] == [503, 200]
    assert " - its body does not fit on the disk with " in str(records[0])


def test_client_that_closes_its_side_gets_the_response(server: Server) -> None:
    with closing(socket.create_connection(("127.0.0.1", server.port), TIMEOUT)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        received = rest(connection)
    assert received.startswith(b"HTTP/1.1 200 ")
