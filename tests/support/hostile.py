"""A server on loopback that answers as it likes: late, never, slowly, too much, or not what it says."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

# How long a server hangs at most, in seconds. Then it answers, so a caller without a limit of its own gets an answer.
PATIENCE = 10


class Received(NamedTuple):
    """A request. The names of headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """A connection, as a behavior uses it."""

    def __init__(self, accepted: socket.socket, stopped: threading.Event) -> None:
        self.socket = accepted
        self.stopped = stopped

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def is_left(self) -> bool:
        """Wait until the caller closes the connection. Return False if it does not."""
        self.socket.settimeout(PATIENCE)
        try:
            return self.socket.recv(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True


# What a server does with a request. It keeps the connection open if the behavior returns True.
Behavior: TypeAlias = Callable[[Connection], bool]


def answers(
    content: bytes = b"{}", status: int = 200, headers: Mapping[str, str] | None = None, *, closes: bool = False
) -> Behavior:
    """Answer correctly."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()] + (["Connection: close"] if closes else [])
    return sends("\r\n".join([*lines, "", ""]).encode() + content, closes=closes)


def sends(*pieces: bytes, closes: bool = True) -> Behavior:
    """Send these bytes."""

    def behave(connection: Connection) -> bool:
        for piece in pieces:
            connection.send(piece)
        return not closes

    return behave


def hangs(before: bytes = b"") -> Behavior:
    """Send nothing more."""

    def behave(connection: Connection) -> bool:
        connection.send(before)
        if not connection.is_left():
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" if not before else b"{}")
        return False

    return behave


def drips(before: bytes, drop: bytes, after: bytes) -> Behavior:
    """Send a drop again and again, faster than any time-out of a socket, and finish in the end."""

    def behave(connection: Connection) -> bool:
        connection.send(before)
        for _ in range(PATIENCE * 50):
            if connection.stopped.wait(0.02):
                break
            connection.send(drop)
        connection.send(after)
        return False

    return behave


class Server:
    """Answers each request with the next behavior; the last one repeats."""

    def __init__(self, behaviors: list[Behavior], tls: ssl.SSLContext | None) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        # Set when the server is done with a connection, for example because the caller has closed it.
        self.is_left = threading.Event()
        self._behaviors = behaviors
        self._tls = tls
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def run(self) -> None:
        """Serve until `stop`."""
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:  # it was shut down
                return
            self.connections += 1
            self._open.add(accepted)
            thread = threading.Thread(target=self._serve, args=[accepted])
            self._threads.append(thread)
            thread.start()

    def stop(self, acceptor: threading.Thread) -> None:
        """Stop serving, and close all connections."""
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        acceptor.join()
        self._listener.close()
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _serve(self, accepted: socket.socket) -> None:
        with suppress(OSError):
            if self._tls is not None:
                # A socket of its own, since wrapping takes the other one away from `stop`.
                with self._tls.wrap_socket(accepted.dup(), server_side=True) as secure:
                    self._serve_requests(secure)
            else:
                self._serve_requests(accepted)
        self._open.discard(accepted)
        accepted.close()
        self.is_left.set()

    def _serve_requests(self, accepted: socket.socket) -> None:
        with accepted.makefile("rb") as file:
            while (received := _received(file)) is not None:
                with self._lock:
                    self.requests.append(received)
                    behave = self._behaviors.pop(0) if len(self._behaviors) > 1 else self._behaviors[0]
                if not behave(Connection(accepted, self._stopped)):
                    return


def _received(file: BinaryIO) -> Received | None:
    first = file.readline().decode("latin-1").split()
    # A caller that speaks TLS may send anything.
    if len(first) != 3 or first[2] != "HTTP/1.1":
        return None
    headers = {}
    while line := file.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = file.read(int(headers.get("content-length", "0")))
    return Received(first[0], first[1], headers, body)


def self_signed(host: str, file: Path) -> Path:
    """Write a certificate for this host, which it has signed itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = serialization.Encoding.PEM
    secret = key.private_bytes(form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(certificate.public_bytes(form) + secret)
    return file


@contextmanager
def serving(*behaviors: Behavior, certificate: Path | None = None) -> Iterator[Server]:
    """Run a server, with TLS if there is a certificate."""
    tls = None
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    server = Server(list(behaviors), tls)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop(thread)
