"""The breach service: a local one speaks the range API of Have I Been Pwned, well and badly."""

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest
import time_machine

from shared.core import config
from shared.values import breaches

KNOWN = "known to everybody"
UNKNOWN = "known to nobody"


class Service(ThreadingHTTPServer):
    """A breach service that knows one password; `mode` says how it behaves."""

    mode = "well"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[tuple[str, str]] = []
        self.over = Event()


class Answer(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Add-Padding"]))
        if self.server.mode == "hangs":
            self.server.over.wait(30)
            return
        self.send_response(500 if self.server.mode == "fails" else 200)
        self.end_headers()
        digest = hashlib.sha1(KNOWN.encode(), usedforsecurity=False).hexdigest().upper()
        padding = hashlib.sha1(UNKNOWN.encode(), usedforsecurity=False).hexdigest().upper()
        self.wfile.write(f"{digest[5:]}:42\r\n{padding[5:]}:0\r\n{'0' * 35}:0\r\n".encode())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def service(environment: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:  # noqa: ARG001  # to change it
    server = Service()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("BREACH_SERVICE_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(breaches, "breaker", breaches._Breaker())
    config.settings.cache_clear()
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()
    breaches._pool.clear()


def test_a_password_that_was_breached_is_known_and_padding_is_not(service: Service) -> None:
    assert breaches.is_known(KNOWN)
    assert not breaches.is_known(UNKNOWN)
    assert service.asked


def test_the_service_is_sent_five_digits_of_the_hash_and_asked_for_padding(service: Service) -> None:
    breaches.is_known(KNOWN)
    digest = hashlib.sha1(KNOWN.encode(), usedforsecurity=False).hexdigest().upper()
    assert service.asked == [(f"/range/{digest[:5]}", "true")]


@pytest.mark.parametrize("mode", ["fails", "hangs"])
def test_a_password_passes_where_the_service_does_not_answer(
    service: Service, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaches._pool, "connection_pool_kw", {"retries": False, "timeout": 0.05})
    service.mode = mode
    assert not breaches.is_known(KNOWN)


def test_after_three_failures_it_is_left_alone_for_a_minute(service: Service) -> None:
    service.mode = "fails"
    with time_machine.travel(1_800_000_000, tick=False) as time:
        for _ in range(5):
            assert not breaches.is_known(KNOWN)
        assert len(service.asked) == 3
        service.mode = "well"
        assert not breaches.is_known(KNOWN)
        time.shift(60)
        assert breaches.is_known(KNOWN)


def test_it_waits_for_a_second_at_most() -> None:
    assert breaches._TIMEOUT.total == 1


def test_no_service_is_asked_by_default(environment: object) -> None:  # noqa: ARG001  # as the template has it
    assert config.settings().breach_service_url == "off"
    assert not breaches.is_known(KNOWN)
