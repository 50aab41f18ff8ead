"""The HTTP server by itself, without a gateway behind it."""

import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any

import pytest

from local import asgi
from local.asgi import Receive
from local.gateway.server import Application, Server
from tests.local.harness import TIMEOUT, eventually


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(asgi, "READ_SECONDS", 0.2)

    def application(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    with serving(application) as server:
        yield server


@contextmanager
def serving(application: Application) -> Iterator[Server]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        server = Server([listening], application)
        yield server
        server.stop()


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
        received = bytearray()
        while chunk := connection.recv(65536):
            received += chunk
    assert received.count(b"HTTP/1.1 200 ") == answers


def post(server: Server, body: bytes) -> bytes:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT)) as connection:
        connection.request("POST", "/", body)
        return connection.getresponse().read()


def test_large_bodies_are_served_one_after_the_other_and_small_ones_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body is several times in memory while it becomes an event."""
    running, most, received = 0, 0, 0
    release = threading.Event()

    async def count_received(receive: Receive, limit: int) -> AsyncIterator[bytes]:
        nonlocal received
        async for part in asgi.body_parts(receive, limit):
            yield part
        received += 1

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        nonlocal running, most
        length = len(environ["wsgi.input"].read())
        if length > 1:
            running += 1
            most = max(most, running)
            assert release.wait(TIMEOUT)
            running -= 1
        start_response("200 OK", [])
        return [str(length).encode()]

    monkeypatch.setattr("local.gateway.server.body_parts", count_received)
    large = bytes(2 * 1024 * 1024)
    with serving(application) as server, ThreadPoolExecutor() as threads:
        answers = [threads.submit(post, server, large) for _ in range(4)]
        eventually(lambda: received == 4, what="four bodies")
        assert [post(server, b"x") for _ in range(20)] == [b"1"] * 20
        release.set()
        assert {answer.result() for answer in answers} == {str(len(large)).encode()}
    assert most == 1
