"""The breach check, against a local server with the range API of Have I Been Pwned, working and failing."""

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest
import time_machine

from shared.core import config, outbound
from shared.values import breaches

BREACHED = "a breached password"
PADDING = "a password that is only padding"


class Service(ThreadingHTTPServer):
    """A breach service that knows one password. `mode` is "works", or how it does not."""

    mode = "works"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, str]] = []
        self.stopped = Event()


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers["Add-Padding"]))
        if self.server.mode == "hangs":
            self.server.stopped.wait(30)
            return
        self.send_response({"fails": 500, "forbids": 403, "redirects": 302}.get(self.server.mode, 200))
        self.send_header("Location", "/")
        self.end_headers()
        digest = hashlib.sha1(BREACHED.encode(), usedforsecurity=False).hexdigest().upper()
        padding = hashlib.sha1(PADDING.encode(), usedforsecurity=False).hexdigest().upper()
        self.wfile.write(f"{digest[5:]}:42\r\n{padding[5:]}:0\r\n{'0' * 35}:0\r\n".encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def new_service(read: float = 0.5) -> outbound.Service:
    """Return the service with a closed circuit."""
    return outbound.Service("breaches", "off", connect=0.5, read=read, max_failures=3)


@pytest.fixture
def service(environment: object, services_on_loopback: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:  # noqa: ARG001  # provide the defaults
    server = Service()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("BREACH_SERVICE_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(breaches, "service", new_service())
    config.settings.cache_clear()
    yield server
    server.stopped.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_breached_password_is_known_and_padding_is_not(service: Service) -> None:
    assert breaches.is_known(BREACHED)
    assert not breaches.is_known(PADDING)
    assert service.requests


def test_request_has_five_digits_of_the_hash_and_asks_for_padding(service: Service) -> None:
    breaches.is_known(BREACHED)
    digest = hashlib.sha1(BREACHED.encode(), usedforsecurity=False).hexdigest().upper()
    assert service.requests == [(f"/range/{digest[:5]}", "true")]


@pytest.mark.parametrize("mode", ["fails", "hangs"])
def test_password_passes_if_the_service_fails_or_hangs(
    service: Service, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaches, "service", new_service(read=0.05))
    service.mode = mode
    assert not breaches.is_known(BREACHED)


def test_three_failures_stop_requests_for_30_seconds(service: Service) -> None:
    service.mode = "fails"
    with time_machine.travel(1_800_000_000, tick=False) as time:
        for _ in range(5):
            assert not breaches.is_known(BREACHED)
        assert len(service.requests) == 3
        service.mode = "works"
        assert not breaches.is_known(BREACHED)
        time.shift(30)
        assert breaches.is_known(BREACHED)


def test_lookup_takes_at_most_one_second() -> None:
    assert breaches.service._limits.connect + breaches.service._limits.read == 1


def test_unexpected_answer_is_logged(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    service.mode = "redirects"
    assert not breaches.is_known(BREACHED)
    service.mode = "forbids"
    assert not breaches.is_known(BREACHED)
    fields = [record.fields for record in caplog.records if record.levelname == "WARNING"]  # type: ignore[attr-defined]
    assert [each.get("status", each.get("cause")) for each in fields] == ["redirect not allowed", 403]


def test_breach_check_is_off_by_default(environment: object) -> None:  # noqa: ARG001  # has the template's default
    assert config.settings().breach_service_url == "off"
    assert not breaches.is_known(BREACHED)
