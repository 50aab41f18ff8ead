"""A small HTTP/1.1 server for an ASGI application, and the pieces of ASGI that `durable.py` needs.

For MiniStack, which is asked several times for each request to the API: a general server spends most of a millisecond
on each, this one a tenth. It speaks what AWS clients speak to MiniStack here: whole bodies with a Content-Length,
responses in one piece.
"""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import unquote

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]
Respond: TypeAlias = Callable[[Scope, bytes], Awaitable["Answer"]]
Headers: TypeAlias = list[tuple[bytes, bytes]]

_LONGEST_HEAD = 64 * 1024
_LARGEST_BODY = 64 * 1024 * 1024
# The loop itself keeps its tasks by weak references only.
_running: set[asyncio.Task[None]] = set()


class Answer:
    """What an application sent for one request."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def add(self, message: Message) -> None:
        """Take one message of the application's."""
        self.messages.append(message)

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.messages[0]["status"])

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(message.get("body", b"") for message in self.messages[1:])


def http_scope(method: str, path: str, query: bytes, headers: Headers) -> Scope:
    """The scope of a request. `path` is decoded, `query` is not."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query,
        "headers": headers,
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        "extensions": {},
    }


async def ask(app: App, scope: Scope, body: bytes) -> Answer:
    """Have the application answer one request."""
    answer = Answer()
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    await app(scope, receive, answer.add)
    return answer


async def start(app: App) -> None:
    """Run the application's start-up; its lifespan task is left waiting for an end that comes without notice."""
    started = asyncio.get_running_loop().create_future()
    messages: list[Message] = [{"type": "lifespan.startup"}]

    async def receive() -> Message:
        if not messages:
            await asyncio.get_running_loop().create_future()
        return messages.pop()

    async def send(message: Message) -> None:
        started.set_result(message["type"])

    task = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send))
    await asyncio.wait([task, started], return_when=asyncio.FIRST_COMPLETED)
    if not started.done() or started.result() != "lifespan.startup.complete":
        raise RuntimeError("the application did not start")
    _running.add(task)


async def serve(respond: Respond, sock: socket.socket) -> None:
    """Serve for ever on a listening socket."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            while await _one_request(respond, reader, writer):
                pass
        writer.close()

    server = await asyncio.start_server(connected, sock=sock, limit=_LONGEST_HEAD, backlog=128)
    await server.serve_forever()


async def _one_request(respond: Respond, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Answer one request. Returns whether the connection stays open; raises ValueError for what is not HTTP."""
    request_line, *lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
    method, target, version = request_line.split(b" ")
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    values = dict(headers)
    length = int(values.get(b"content-length", 0))
    if not 0 <= length <= _LARGEST_BODY or b"transfer-encoding" in values:
        writer.write(b"HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        return False
    if values.get(b"expect", b"").lower() == b"100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await reader.readexactly(length) if length else b""
    path, _, query = target.partition(b"?")
    scope = http_scope(method.decode(), unquote(path.decode("latin-1")), query, headers)
    answer = await respond(scope, body)
    keep = version == b"HTTP/1.1" and values.get(b"connection", b"").lower() != b"close"
    writer.write(_response(answer, keep=keep, with_body=method != b"HEAD"))
    await writer.drain()
    return keep


def _response(answer: Answer, *, keep: bool, with_body: bool) -> bytes:
    body = answer.body
    head = [f"HTTP/1.1 {answer.status} {_reason(answer.status)}".encode()]
    dropped = {b"content-length", b"transfer-encoding", b"connection"}
    head += [name + b": " + value for name, value in answer.messages[0]["headers"] if name.lower() not in dropped]
    head.append(b"Content-Length: %d" % len(body))
    head.append(b"Connection: keep-alive" if keep else b"Connection: close")
    return b"\r\n".join(head) + b"\r\n\r\n" + (body if with_body else b"")


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
