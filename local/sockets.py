"""The sockets of the API and of MiniStack."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from local.errors import RunnerError

# For `localhost`, browsers and Node.js try the second one first.
_LOOPBACK = ("127.0.0.1", "::1")
_BACKLOG = 128
# How many free ports of the first address are tried on the second one.
_ATTEMPTS = 10


def bind(port: int) -> list[socket.socket]:
    """Bind a port of loopback, for IPv4 and, if this machine has it, for IPv6. 0 means any free port. Raises OSError.

    It refuses connections until `listen` is called. On Linux another runner can bind it too; the first to listen has
    it.
    """
    for _ in range(_ATTEMPTS if port == 0 else 1):
        with ExitStack() as opened:
            first = opened.enter_context(_bind(_LOOPBACK[0], port))
            try:
                second = _bind(_LOOPBACK[1], first.getsockname()[1])
            except OSError as problem:
                if problem.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                    # There is no IPv6.
                    opened.pop_all()
                    return [first]
                reason = problem
            else:
                opened.pop_all()
                return [first, second]
    raise reason


def listen(sockets: list[socket.socket]) -> None:
    """Accept connections. Raises OSError if another program listens on the port since it was bound."""
    for sock in sockets:
        sock.listen(_BACKLOG)


def listen_on(address: str, port: int) -> socket.socket:
    """Open a listening socket on an address of this machine. Raises OSError."""
    sock = _bind(address, port)
    sock.listen(_BACKLOG)
    return sock


@contextmanager
def explaining(port: int, what: str, setting: str) -> Iterator[None]:
    """Turn the exceptions of the functions above into a RunnerError that names the next step."""
    try:
        yield
    except OSError as problem:
        raise RunnerError(
            f"Port {port} for {what} cannot be used ({problem}). Stop what uses it, or choose another with {setting}."
        ) from problem


def _bind(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY on such sockets only; without it a response takes 40 ms.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((address, port))
    except OSError as problem:
        sock.close()
        raise OSError(problem.errno, f"{problem.strerror} on {address}") from problem
    return sock
