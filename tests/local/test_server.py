"""The HTTP server by itself, without a gateway behind it."""

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any

import pytest

from local import asgi
from local.gateway.server import Server
from tests.local.harness import TIMEOUT


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(asgi, "READ_SECONDS", 0.2)

    def application(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        server = Server(listening, application)
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
