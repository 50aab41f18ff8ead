"""Serve the gateway, a WSGI application, over HTTP."""

import asyncio
import json
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import unquote

import h11
from a2wsgi import WSGIMiddleware
from uvicorn.protocols.http.h11_impl import H11Protocol

from local.asgi import ClientGoneError, Receive, Scope, Send, TooLargeError, body_parts, make_server
from local.errors import is_disk_full
from local.functions.pool import GATEWAY_SECONDS

# The largest payload of an HTTP API, in bytes.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
MAX_BODY = 10 * 1024 * 1024
# Larger bodies wait in a file until they are complete, and then until this many bytes suffice for all that are in use.
_LARGE, _LARGE_IN_USE = 1024 * 1024, MAX_BODY
# Key of the `Received` in the ASGI scope and in the WSGI environment.
RECEIVED = "local.received"
# A request keeps its thread until it is answered; the pools bound how many requests to one function run and wait.
THREADS = 256
_STOP_SECONDS = 1.0

# A target in absolute form without its query: host and path.
_ABSOLUTE = re.compile(rb"https?://([^/]*)(/.*)?", re.IGNORECASE)

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True)
class Received:
    """A complete request. It arrived, and must be answered, at these times of `time.monotonic`.

    `too_large`: its body exceeded MAX_BODY. `no_room`: it exceeded the room on the disk. `body` is not all of it then.
    """

    body: IO[bytes]
    too_large: bool
    no_room: bool
    arrived: float
    deadline: float


class _Protocol(H11Protocol):
    """h11 accepts any verb and limits the size of the headers; httptools is faster but does neither."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in H11Protocol
        """Limit the wait for the first request; uvicorn limits only the wait for the next one."""
        super().connection_made(transport)
        self._limit_wait()

    def data_received(self, data: bytes) -> None:
        """Limit the wait for more while a request is incomplete."""
        super().data_received(data)
        if self.conn.their_state in {h11.IDLE, h11.SEND_BODY}:
            self._limit_wait()

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio's type
        """Keep the connection for the response to a client that has sent all, and says so (TCP half-close)."""
        cycle: Any = self.cycle  # None before the first request
        return cycle is not None and not cycle.response_complete

    def _limit_wait(self) -> None:
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.transport.close)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP with JSON, like every other error, unless the response has begun. Then close."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            body = json.dumps({"message": msg}).encode()
            headers = [
                ("content-type", "application/json"),
                ("content-length", str(len(body))),
                ("connection", "close"),
            ]
            for event in (
                h11.Response(status_code=HTTPStatus.BAD_REQUEST, headers=headers, reason="Bad Request"),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class Server:
    """Serves `application` on listening sockets, in threads. Replace `application` at any time."""

    def __init__(self, sockets: list[socket.socket], application: Application) -> None:
        self.application = application
        self.port: int = sockets[0].getsockname()[1]
        self._wsgi = WSGIMiddleware(self._call, workers=THREADS)
        self._server = make_server(self._respond, _Protocol)
        self._large_bodies = _Budget(_LARGE_IN_USE)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": sockets}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Accept no more connections, and wait for the requests in progress, but not long."""
        self._server.should_exit = True
        self._thread.join(_STOP_SECONDS)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        _normalize(scope)
        # Only a complete request reaches a function, as with API Gateway.
        with _body_file() as body:
            too_large = no_room = False
            try:
                async for part in body_parts(receive, MAX_BODY):
                    body.write(part)
            except TooLargeError:
                too_large = True
            except ClientGoneError:
                return
            except OSError as problem:
                if not is_disk_full(problem):
                    raise
                no_room = True
            arrived = time.monotonic()
            # A body that is refused is not read.
            size = 0 if too_large or no_room else body.tell()
            if size:
                body.seek(0)
            scope[RECEIVED] = Received(body, too_large, no_room, arrived, arrived + GATEWAY_SECONDS)
            # If its share is not free in time, the application answers without reading the body.
            async with self._large_bodies.share(size if size > _LARGE else 0, GATEWAY_SECONDS):
                await self._wsgi(scope, receive, send)  # type: ignore[arg-type]  # a2wsgi's types are more detailed.

    def _call(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        received: Received = environ["asgi.scope"][RECEIVED]
        environ[RECEIVED], environ["wsgi.input"] = received, received.body
        # A chunked body has no length: without this, Werkzeug takes it for empty.
        environ["wsgi.input_terminated"] = True
        return self.application(environ, start_response)


@contextmanager
def _body_file() -> Iterator[SpooledTemporaryFile[bytes]]:
    file = SpooledTemporaryFile(_LARGE)  # noqa: SIM115 - closed below
    try:
        yield file
    finally:
        # Closing writes what is left, for which a full disk has no room.
        with suppress(OSError):
            file.close()


class _Budget:
    """Limits the bytes of large bodies in use. A body is several times in memory while it becomes an event."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._returned = asyncio.Condition()

    @asynccontextmanager
    async def share(self, size: int, seconds: float) -> AsyncIterator[None]:
        """Take this many bytes for the block: when they are free, or anyway after so many seconds."""
        async with self._returned:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._returned.wait_for(lambda: size <= self._free)
            self._free -= size
        try:
            yield
        finally:
            async with self._returned:
                self._free += size
                self._returned.notify_all()


def _normalize(scope: Scope) -> None:
    """Prepare what WSGI cannot express."""
    # WSGI would take `If_Match` for `If-Match`. An HTTP API has no other protocol to upgrade to.
    headers = [(name, value) for name, value in scope["headers"] if b"_" not in name and name != b"upgrade"]
    if absolute := _ABSOLUTE.fullmatch(scope["raw_path"]):
        # The host of the target replaces the header (RFC 9112, 3.2.2).
        headers = [(b"host", absolute[1]), *(header for header in headers if header[0] != b"host")]
        scope["path"] = unquote((absolute[2] or b"/").decode("ascii"))
    scope["headers"] = headers
