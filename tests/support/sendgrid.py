"""A server on loopback that speaks SendGrid's v3 mail/send, well and badly."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

KEY = "SG.key-of-the-tests"


@dataclass(frozen=True)
class Reply:
    """What to answer to a request, and whether the mail is sent.

    `hangs` keeps the answer until the server is stopped or its caller goes; `cuts` closes the connection instead of
    answering, and `garbage` is sent in place of HTTP.
    """

    status: int = 202
    headers: tuple[tuple[str, str], ...] = ()
    hangs: bool = False
    cuts: bool = False
    garbage: bytes = b""
    takes: bool = field(default=False)

    @property
    def takes_the_mail(self) -> bool:
        return self.takes or (self.status == 202 and not (self.hangs or self.cuts or self.garbage))


@dataclass(frozen=True)
class Taken:
    """A mail that was sent; `answered` tells whether the caller could know."""

    outbox_id: str
    request: dict[str, Any]
    answered: bool


Behaviour: TypeAlias = Callable[[], Reply]


class Server(ThreadingHTTPServer):
    """SendGrid. `behaviour` gives the reply to the next request that is well formed and has the right key."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = KEY
        self.behaviour: Behaviour = Reply
        self.requests: list[dict[str, Any]] = []
        self.taken: list[Taken] = []
        self.over = threading.Event()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def replies(self, *replies: Reply) -> None:
        """Give these replies in turn, and the last of them from then on."""
        left = list(replies)

        def next_reply() -> Reply:
            return left.pop(0) if len(left) > 1 else left[0]

        self.behaviour = next_reply

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a caller that went away: killed, or tired of waiting."""


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
                reply = self.server.behaviour() if _is_well_formed(request) else Reply(400)
                if reply.takes_the_mail:
                    answered = not (reply.hangs or reply.cuts or reply.garbage)
                    self.server.taken.append(Taken(request["headers"]["X-Outbox-Id"], request, answered))
        self._answer(reply)

    def _answer(self, reply: Reply) -> None:
        if reply.hangs:
            self.server.over.wait(60)
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
        """Keep quiet."""


def _is_well_formed(request: dict[str, Any]) -> bool:
    """Insist on what SendGrid's reference requires of a mail."""
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
    """Start the server, and stop it."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
