"""The listening sockets of the API and of MiniStack."""

import socket

from local.errors import RunnerError


def listen(port: int, what: str, flag: str) -> socket.socket:
    """Open a listening socket on loopback. Raises RunnerError when the port is in use."""
    try:
        return listen_on("127.0.0.1", port)
    except (OSError, OverflowError) as problem:
        raise RunnerError(
            f"Port {port} for {what} is taken ({problem}). Stop what uses it, or choose another with {flag}."
        ) from problem


def listen_on(address: str, port: int) -> socket.socket:
    """Open a listening socket on an address of this machine. Raises OSError."""
    # The protocol is named because asyncio sets TCP_NODELAY on such sockets only; without it a response takes 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((address, port))
        sock.listen(128)
    except (OSError, OverflowError):
        sock.close()
        raise
    return sock
