"""HTTP/1.1 in front of the gateway.

Werkzeug's development server closes the connection after every response and answers mistakes with HTML. This keeps
connections open, reads each body before the application runs (so that the next request always begins where it
should), and sends a response in one piece.
"""

import io
import json
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from email.errors import MissingHeaderBodySeparatorDefect
from http import HTTPStatus
from typing import Any

from werkzeug.serving import DechunkedInput, ThreadedWSGIServer, WSGIRequestHandler

# API Gateway's limit for the payload of an HTTP API, in bytes.
LARGEST_BODY = 10 * 1024 * 1024
# Set in the WSGI environment instead of a body that is larger.
TOO_LARGE = "local.too_large"
_IDLE_SECONDS = 75
_NO_BODY = frozenset({204, 304})

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Server:
    """Serves `application` on a listening socket, one thread per connection. Replace `application` at any time."""

    def __init__(self, sock: socket.socket, application: Application) -> None:
        self.application = application
        host, self.port = sock.getsockname()
        self._server = ThreadedWSGIServer(host, self.port, self._serve, handler=_Handler, fd=sock.fileno())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return self.application(environ, start_response)

    def stop(self) -> None:
        """Accept no more connections."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS

    def run_wsgi(self) -> None:
        """Answer one request."""
        environ = self.make_environ()
        try:
            body = self._read_body(environ)
        except (OSError, ValueError):
            # Neither a length nor chunks.
            body = None
        # Other defects are about a mail's body, which these headers do not have.
        torn = any(isinstance(defect, MissingHeaderBodySeparatorDefect) for defect in self.headers.defects)
        if body is None or torn or self.request_version == "HTTP/0.9":
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        environ["wsgi.input"] = io.BytesIO(body)
        # Werkzeug would wait for the end of the connection otherwise.
        environ["wsgi.input_terminated"] = True
        status, headers = "", [("", "")]

        def start_response(
            new_status: str, new_headers: list[tuple[str, str]], _problem: Any = None
        ) -> Callable[[bytes], None]:
            nonlocal status, headers
            status, headers = new_status, new_headers
            return lambda _data: None

        application = self.server.app(environ, start_response)
        try:
            content = b"".join(application)
        finally:
            if hasattr(application, "close"):
                application.close()
        self._respond(status, headers, content)

    def _read_body(self, environ: dict[str, Any]) -> bytes:
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if isinstance(environ["wsgi.input"], DechunkedInput):
            body: bytes = environ["wsgi.input"].read(LARGEST_BODY + 1)
        else:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(max(0, min(length, LARGEST_BODY + 1)))
            if len(body) != length:
                # Cut short by the client, or by the limit below.
                self.close_connection = True
        if len(body) > LARGEST_BODY:
            environ[TOO_LARGE] = self.close_connection = True
            body = b""
        return body

    def _respond(self, status: str, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        code, _, reason = status.partition(" ")
        names = {name.lower() for name, _ in headers}
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        if "content-length" not in names and int(code) not in _NO_BODY:
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        # The headers' buffer takes the body along: one segment for most responses.
        with_body = self.command != "HEAD" and int(code) not in _NO_BODY
        self._headers_buffer.append(b"\r\n" + body if with_body else b"\r\n")
        self.flush_headers()
        if self.close_connection:
            self._read_what_is_left()

    def _read_what_is_left(self) -> None:
        """A client that is still sending would see its connection reset instead of the answer."""
        self.connection.settimeout(1)
        left = 10 * LARGEST_BODY
        try:
            self.connection.shutdown(socket.SHUT_WR)
            while left > 0 and (data := self.rfile.read1(1 << 16)):
                left -= len(data)
        except OSError:
            return

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is not a request at all, such as a broken request line."""
        del message, explain
        self.close_connection = True
        body = json.dumps({"message": HTTPStatus(code).phrase}).encode()
        # Little has been parsed when the request line is wrong, and without a version no headers would be sent.
        self.command, self.request_version = getattr(self, "command", None) or "GET", self.protocol_version
        self._respond(f"{int(code)} {HTTPStatus(code).phrase}", [("Content-Type", "application/json")], body)

    def version_string(self) -> str:
        """The Server header."""
        return "local"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: the gateway logs requests."""
