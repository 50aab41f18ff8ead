"""A fake SendGrid on loopback: answers v3 mail/send as configured, including with errors and broken responses."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

KEY = "SG.key-of-the-tests"


@dataclass(frozen=True)
class Reply:
    """How to respond to a request, and whether the email is accepted.

    `hangs` sends nothing until the server stops, `cuts` closes the connection without a response, and `garbage` is sent
    in place of HTTP. By default an email is accepted if and only if the caller receives a 202; `accepts` accepts it
    whatever the caller sees.
    """

    status: int = 202
    headers: tuple[tuple[str, str], ...] = ()
    hangs: bool = False
    cuts: bool = False
    garbage: bytes = b""
    accepts: bool = False

    @property
    def accepts_email(self) -> bool:
        return self.accepts or (self.status == 202 and self.is_received)

    @property
    def is_received(self) -> bool:
        """Whether the caller receives an HTTP response."""
        return not (self.hangs or self.cuts or self.garbage)


@dataclass(frozen=True)
class Accepted:
    """An accepted email; `answered` is whether the caller received a response."""

    outbox_id: str
    request: dict[str, Any]
    answered: bool


Behavior: TypeAlias = Callable[[], Reply]


class Server(ThreadingHTTPServer):
    """SendGrid. `behavior` returns the reply to the next well-formed request with the right key."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = KEY
        self.behavior: Behavior = Reply
        self.requests: list[dict[str, Any]] = []
        self.accepted: list[Accepted] = []
        self.stopped = threading.Event()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def replies(self, *replies: Reply) -> None:
        """Answer with these replies in turn; the last one repeats."""
        left = list(replies)

        def next_reply() -> Reply:
            return left.pop(0) if len(left) > 1 else left[0]

        self.behavior = next_reply

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore callers that disconnect: they were killed, or their time-out passed."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            if self.path != "/v3/mail/send" or self.headers["Content-Type"] != "application/json":
                reply = Reply(404)
            elif self.headers["Authorization"] != f"Bearer {self.server.key}":
                reply = Reply(401)
            else:
                request = json.loads(body)
                self.server.requests.append(request)
                reply = self.server.behavior() if _is_well_formed(request) else Reply(400)
                if reply.accepts_email:
                    outbox_id = request["headers"]["X-Outbox-Id"]
                    self.server.accepted.append(Accepted(outbox_id, request, reply.is_received))
        self._answer(reply)

    def _answer(self, reply: Reply) -> None:
        if reply.hangs:
            self.server.stopped.wait(60)
        if reply.hangs or reply.cuts:
            self.close_connection = True
            return
        if reply.garbage:
            self.wfile.write(reply.garbage)
            self.close_connection = True
            return
        text = b"" if reply.status == 202 else b'{"errors": [{"message": "no"}]}'
        self.send_response(reply.status)
        for name, value in (*reply.headers, ("Content-Length", str(len(text)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def _is_well_formed(request: dict[str, Any]) -> bool:
    """Return whether the request meets the requirements in SendGrid's API reference."""
    content = request["content"]
    addresses = [to["email"] for part in request["personalizations"] for to in part["to"]]
    return (
        [part["type"] for part in content] == ["text/plain", "text/html"]
        and all(part["value"] for part in content)
        and bool(addresses)
        and all("@" in address and address.isascii() for address in addresses)
        and bool(request["subject"] and request["from"]["email"])
        and all(isinstance(value, str) for value in (*request["headers"].values(), *request["custom_args"].values()))
    )


@contextmanager
def serving() -> Iterator[Server]:
    """Run the server."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
