"""The port of the API: on both addresses of loopback, taken early, open late."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from local import sockets
from local.errors import RunnerError
from local.sockets import bind, explaining, listen, listen_on

V4, V6 = "127.0.0.1", "::1"


def has_ipv6() -> bool:
    try:
        listen_on(V6, 0).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connect(address: str, port: int) -> None:
    socket.create_connection((address, port)).close()


@needs_ipv6
def test_port_is_open_on_both_addresses_only_after_listening(opened: ExitStack) -> None:
    bound = [opened.enter_context(sock) for sock in bind(0)]
    port = bound[0].getsockname()[1]
    for address in (V4, V6):
        with pytest.raises(ConnectionRefusedError):
            connect(address, port)
    listen(bound)
    for address in (V4, V6):
        connect(address, port)


@needs_ipv6
@pytest.mark.parametrize("address", [V4, V6])
def test_port_that_another_program_has_on_one_address_is_named(opened: ExitStack, address: str) -> None:
    port = opened.enter_context(listen_on(address, 0)).getsockname()[1]
    with (
        pytest.raises(RunnerError, match=rf"Port {port} for the API cannot be used .* on {address}\). .*choose"),
        explaining(port, "the API", "PORT="),
    ):
        bind(port)


@needs_ipv6
def test_free_port_is_free_on_both_addresses(opened: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = opened.enter_context(listen_on(V6, 0)).getsockname()[1]
    original, given = sockets._bind, []

    def first_the_taken_one(address: str, port: int) -> socket.socket:
        given.append(port)
        return original(address, taken if len(given) == 1 else port)

    monkeypatch.setattr(sockets, "_bind", first_the_taken_one)
    first, second = (opened.enter_context(sock) for sock in bind(0))
    assert first.getsockname()[1] == second.getsockname()[1] != taken


@pytest.mark.parametrize("code", [errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT])
def test_machine_without_ipv6_has_one_socket(opened: ExitStack, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    original = sockets._bind

    def without_ipv6(address: str, port: int) -> socket.socket:
        if address == V6:
            raise OSError(code, "no IPv6")
        return original(address, port)

    monkeypatch.setattr(sockets, "_bind", without_ipv6)
    (only,) = (opened.enter_context(sock) for sock in bind(0))
    listen([only])
    connect(V4, only.getsockname()[1])


def test_second_runner_on_a_port_that_is_bound_is_refused_when_it_listens(opened: ExitStack) -> None:
    first = [opened.enter_context(sock) for sock in bind(0)]
    port = first[0].getsockname()[1]
    second = [opened.enter_context(sock) for sock in bind(port)]
    listen(first)
    with (
        pytest.raises(RunnerError, match=f"Port {port} for the API cannot be used"),
        explaining(port, "the API", "PORT="),
    ):
        listen(second)
    with closing(socket.create_connection((V4, port))):
        pass
