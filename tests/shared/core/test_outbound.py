"""Calls to other services, against a hostile server on loopback."""

import contextlib
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine

from shared.core import config, deadlines, outbound
from shared.core.errors import Unavailable
from shared.core.outbound import Service
from tests.support.hostile import Behavior, Server, answers, drips, hangs, self_signed, sends, serving

NOON = 1_900_000_000
SECRET = "kept-secret"
HEAD = b"HTTP/1.1 200 OK\r\n"
OK = answers(b'{"warm": true}')

pytestmark = pytest.mark.usefixtures("environment", "services_on_loopback", "no_pauses")


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "_pause", lambda _: 0)


@pytest.fixture
def outgoing(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, Any]]]:
    """Returns the fields of the log lines of calls, which is all that was logged."""
    caplog.set_level(logging.DEBUG)

    def lines() -> list[dict[str, Any]]:
        assert {record.getMessage() for record in caplog.records} <= {"outgoing call"}
        return [record.fields for record in caplog.records]  # type: ignore[attr-defined]

    return lines


def weather(server: Server, **options: Any) -> Service:
    """Return a service with short time-outs."""
    return Service("weather", server.url, **{"connect": 0.5, "read": 0.3, **options})


def failure(call: Callable[[], object]) -> str:
    """Return the cause of a call's failure."""
    with pytest.raises(Unavailable) as raised:
        call()
    # Only the cause goes into the log; the error must not have a context that Lambda would print.
    assert raised.value.__suppress_context__
    assert raised.value.__cause__ is None
    return raised.value.cause


def post(service: Service, **options: Any) -> outbound.Answer:
    return service.post("/orders", body="{}", headers={}, **options)


# Requests and answers ------------------------------------------------------------------------------


def test_get_sends_path_query_and_headers_and_returns_the_answer() -> None:
    with serving(answers(b'{"city": "\xc3\x9altima"}', headers={"X-Left": "3"})) as server:
        answer = weather(server).get("/now?city=a%20b", headers={"X-Key": "k"})
    (received,) = server.requests
    assert (received.method, received.target, received.headers["x-key"]) == ("GET", "/now?city=a%20b", "k")
    assert received.headers["host"] == f"127.0.0.1:{server.port}"
    assert received.headers["accept-encoding"] == "identity"
    assert received.headers["user-agent"].startswith("lambda-api-routes/")
    assert (answer.status, answer.headers["x-LEFT"], answer.json()) == (200, "3", {"city": "\u00daltima"})


def test_post_sends_text_as_utf_8() -> None:
    with serving(answers(status=201)) as server:
        assert weather(server).post(body="\u00e9", headers={"content-type": "text/plain"}).status == 201
    (received,) = server.requests
    assert (received.method, received.target, received.body) == ("POST", "/", "\u00e9".encode())
    assert received.headers["content-type"] == "text/plain"


@pytest.mark.parametrize("status", [204, 304, 400, 404, 429, 500])
def test_every_status_is_an_answer(status: int) -> None:
    with serving(sends(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())) as server:
        assert weather(server).get().status == status
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("base", "path", "target"),
    [
        ("/v1", "/now", "/v1/now"),
        ("/v1/", "/now", "/v1/now"),
        ("/v1", "?a=b", "/v1?a=b"),
        ("/v1/", "", "/v1/"),
        ("/v1?a=b", "", "/v1?a=b"),
        ("", "//elsewhere.example/", "//elsewhere.example/"),
        ("", "/@elsewhere.example/", "/@elsewhere.example/"),
        ("", "/a b\r\nX-Key: c", "/a%20b%0D%0AX-Key:%20c"),
    ],
)
def test_path_is_added_to_the_base(base: str, path: str, target: str) -> None:
    with serving(OK) as server:
        weather(server).at(server.url + base).get(path)
    assert [received.target for received in server.requests] == [target]
    assert "x-key" not in server.requests[0].headers


@pytest.mark.parametrize("path", ["now", "@elsewhere.example/", ":80/", "."])
def test_path_cannot_change_the_host(path: str) -> None:
    with serving(OK) as server, pytest.raises(ValueError, match=r"^A path must begin with / or \?$"):
        weather(server).get(path)
    assert server.connections == 0


@pytest.mark.parametrize("content", [b"<html>", b"", b"NaN", b"-Infinity", b"\xff{}", b"[" * 100_000])
def test_content_that_is_not_json_is_a_failure(content: bytes) -> None:
    with serving(answers(content)) as server:
        answer = weather(server).get()
    assert failure(answer.json) == "weather: not JSON"


def test_header_that_would_split_the_request_is_not_sent() -> None:
    with serving(OK) as server:
        cause = failure(lambda: weather(server).get(headers={"X-Key": f"{SECRET}\r\nX-Other: 1"}))
    assert cause == "weather: not understood: ValueError"
    assert server.requests == []


# Hostile answers -----------------------------------------------------------------------------------


FOREVER: dict[str, Behavior] = {
    "nothing": hangs(),
    "no end of the headers": hangs(HEAD),
    "no end of the body": hangs(HEAD + b"Content-Length: 2\r\n\r\n"),
    "drips headers": drips(HEAD, b"X-Drop: 1\r\n", b"Content-Length: 0\r\n\r\n"),
    "drips one header": drips(HEAD + b"X-Drop: ", b"1", b"\r\nContent-Length: 0\r\n\r\n"),
    "drips interim answers": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n", HEAD + b"Content-Length: 0\r\n\r\n"),
    "drips the body": drips(HEAD + b"Connection: close\r\n\r\n", b"1", b""),
    "drips chunks": drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n1\r\n", b"0\r\n\r\n"),
    "drips the size of a chunk": drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0", b"\r\n\r\n"),
    "drips trailers": drips(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Drop: 1\r\n", b"\r\n"),
}


@pytest.mark.parametrize("behavior", FOREVER.values(), ids=FOREVER.keys())
def test_call_ends_and_leaves_the_server_whatever_it_does(behavior: Behavior) -> None:
    with serving(behavior) as server:
        assert failure(lambda: weather(server).get()) == "weather: timed out"
        assert server.is_left.wait(5)
    assert len(server.requests) <= 1


def test_each_wait_for_data_has_a_limit_of_its_own() -> None:
    with serving(hangs()) as server:
        assert failure(lambda: weather(server, connect=60, read=0.1).get()) == "weather: timed out"


MB = b"x" * 1_000_000
TOO_LARGE: dict[str, Behavior] = {
    "10 MB": answers(MB * 10),
    "10 MB without a length": sends(HEAD + b"\r\n", *[MB] * 10),
    "10 MB in chunks": sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[b"F4240\r\n", MB, b"\r\n"] * 10),
    "one byte": answers(MB + b"x"),
}


@pytest.mark.parametrize("behavior", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_answer_that_is_too_large_is_not_read(behavior: Behavior) -> None:
    with serving(behavior) as server:
        assert failure(lambda: weather(server, read=5).get()) == "weather: answer too large"
        assert server.is_left.wait(5)
    assert len(server.requests) == 1


def test_answer_may_be_as_large_as_the_service_allows() -> None:
    with serving(answers(MB), answers(b"123"), answers(b"1234")) as server:
        assert weather(server, read=5).get().content == MB
        assert weather(server, largest=3).get().content == b"123"
        assert failure(lambda: weather(server, largest=3).get()) == "weather: answer too large"


def test_chunk_of_a_negative_size_is_not_read_without_a_limit() -> None:
    with serving(sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", *[MB] * 10)) as server:
        assert failure(lambda: weather(server, read=5).get()) == "weather: not understood: HTTPException"


LIES: dict[str, tuple[Behavior, str]] = {
    "longer than said": (sends(HEAD + b"Content-Length: 9\r\n\r\n{}"), "answer cut short"),
    "chunk that ends early": (sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{}"), "answer cut short"),
    "chunks without an end": (sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"), "answer cut short"),
    "size that is no number": (sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\nsoon\r\n"), "answer cut short"),
    "long size of a chunk": (
        sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 70_000),
        "not understood: LineTooLong",
    ),
    "no answer": (sends(), "connection failed: RemoteDisconnected"),
    "not HTTP": (sends(b"SSH-2.0-OpenSSH_9.9\r\n"), "not understood: BadStatusLine"),
    "impossible status": (sends(b"HTTP/1.1 9999 No\r\n\r\n"), "not understood: BadStatusLine"),
    "too many headers": (sends(HEAD, *[b"X-Header: 1\r\n"] * 200, b"\r\n"), "not understood: HTTPException"),
}


@pytest.mark.parametrize(("behavior", "cause"), LIES.values(), ids=LIES.keys())
def test_broken_answer_is_a_failure(behavior: Behavior, cause: str) -> None:
    with serving(behavior) as server:
        assert failure(lambda: post(weather(server))) == f"weather: {cause}"
    assert len(server.requests) == 1


def test_more_than_said_is_not_part_of_this_answer_or_the_next() -> None:
    more = HEAD + b"Content-Length: 8\r\n\r\nsmuggled"
    with serving(sends(HEAD + b"Content-Length: 2\r\n\r\n{}" + more, closes=False), OK) as server:
        service = weather(server)
        assert service.get().content == b"{}"
        assert service.get().json() == {"warm": True}


def test_compressed_answer_is_not_decompressed() -> None:
    with serving(answers(b"\x1f\x8b", headers={"Content-Encoding": "gzip"})) as server:
        assert weather(server).get().content == b"\x1f\x8b"


def test_headers_that_are_malformed_do_not_reach_the_log(outgoing: Callable[[], list[dict[str, Any]]]) -> None:
    with serving(sends(HEAD + b"Content-Length: 2\r\nno colon\r\nX-Next: 1\r\n\r\n{}")) as server:
        weather(server).get(f"/{SECRET}")
    assert len(outgoing()) == 1


def test_header_of_several_lines_is_one_line() -> None:
    with serving(answers(headers={"X-Long": "a\r\n b"})) as server:
        assert weather(server).get().headers["X-Long"] == "a  b"


# Redirects -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(status: int) -> None:
    with serving(OK) as elsewhere, serving(answers(status=status, headers={"Location": elsewhere.url})) as server:
        assert failure(lambda: weather(server).get()) == "weather: redirect not allowed"
        assert failure(lambda: post(weather(server, redirects=1))) == "weather: redirect not allowed"
    assert elsewhere.connections == 0


def test_as_many_redirects_are_followed_as_the_service_allows() -> None:
    there = answers(status=302, headers={"Location": "../there?a=b"})
    with serving(there, there, OK) as server:
        assert weather(server, redirects=2).get("/from/here").json() == {"warm": True}
    assert [received.target for received in server.requests] == ["/from/here", "/there?a=b", "/there?a=b"]
    with serving(there) as server:
        assert failure(lambda: weather(server, redirects=2).get("/from/here")) == "weather: redirect not allowed"
    assert len(server.requests) == 3


def test_another_origin_gets_no_secret_in_a_header() -> None:
    headers = {"Authorization": SECRET, "X-Key": SECRET, "Accept": "application/json"}
    with (
        serving(OK) as elsewhere,
        serving(
            answers(status=302, headers={"Location": "/next"}),
            answers(status=302, headers={"Location": elsewhere.url}),
        ) as server,
    ):
        weather(server, redirects=2).get(headers=headers)
    assert server.requests[1].headers["authorization"] == SECRET
    assert SECRET not in elsewhere.requests[0].headers.values()
    assert elsewhere.requests[0].headers["accept"] == "application/json"


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/", "http://ada:key@127.0.0.1/", "http://[", "http://", "\x01"])
def test_redirect_to_what_is_no_url_is_a_failure(location: str) -> None:
    with serving(answers(status=302, headers={"Location": location})) as server:
        assert failure(lambda: weather(server, redirects=1).get("/x")).startswith("weather: ")
    assert len(server.requests) <= 2


def test_redirect_to_a_forbidden_address_is_not_followed() -> None:
    with serving(answers(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"})) as server:
        assert failure(lambda: weather(server, redirects=3).get()) == "weather: address not allowed"


# Addresses -----------------------------------------------------------------------------------------


def resolving(monkeypatch: pytest.MonkeyPatch, *results: list[tuple[str, int]]) -> list[str]:
    """Let names resolve to these addresses, at each call to the next ones. Returns the names that were resolved."""
    names = []
    left = list(results)

    def resolve(host: str, _port: int, **_: Any) -> list[Any]:
        names.append(host)
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address, port in (left.pop(0) if len(left) > 1 else left[0])
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return names


@pytest.fixture
def on_aws(services_on_loopback: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001  # replaces its patch
    monkeypatch.setattr(config, "runs_locally", lambda: False)


@pytest.mark.usefixtures("on_aws")
def test_private_address_behind_a_public_name_is_not_called_on_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(OK) as server:
        resolving(monkeypatch, [("127.0.0.1", server.port), ("10.0.0.1", server.port)])
        assert failure(lambda: weather(server).at("https://weather.example").get()) == "weather: address not allowed"
    assert server.connections == 0


@pytest.mark.usefixtures("on_aws")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0", "[::1]", "[::ffff:127.0.0.1]"])
def test_loopback_is_not_called_on_aws_however_it_is_written(host: str) -> None:
    with serving(OK) as server:
        address = f"https://{host}:{server.port}"
        assert failure(lambda: weather(server).at(address).get()) == "weather: address not allowed"
    assert server.connections == 0


@pytest.mark.usefixtures("on_aws")
def test_address_without_tls_is_not_called_on_aws() -> None:
    with serving(OK) as server:
        assert failure(lambda: weather(server).get()) == "weather: address without TLS"
    assert server.connections == 0


def test_link_local_address_is_not_called_locally_either(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(OK) as server:
        resolving(monkeypatch, [("169.254.169.254", server.port)])
        assert failure(lambda: weather(server).get()) == "weather: address not allowed"


def test_forbidden_address_is_skipped_if_another_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(OK) as server:
        resolving(monkeypatch, [("169.254.169.254", 80), ("127.0.0.1", server.port)])
        assert weather(server).get().status == 200


def test_name_is_resolved_once_and_the_connection_goes_to_what_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(OK) as elsewhere, serving(OK) as server:
        names = resolving(monkeypatch, [("127.0.0.1", server.port)], [("127.0.0.1", elsewhere.port)])
        assert weather(server).at(f"http://weather.test:{server.port}").get().status == 200
        assert elsewhere.connections == 0
    assert names == ["weather.test"]
    assert server.requests[0].headers["host"] == f"weather.test:{server.port}"


def test_next_address_is_tried_if_one_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(OK) as closed:
        pass
    with serving(OK) as server:
        resolving(monkeypatch, [("127.0.0.1", closed.port), ("127.0.0.1", server.port)])
        assert post(weather(server)).status == 200
        resolving(monkeypatch, [("127.0.0.1", closed.port)])
        assert failure(lambda: post(weather(server))) == "weather: connection failed: ConnectionRefusedError"


@pytest.mark.parametrize(
    ("address", "cause"),
    [
        ("off", "invalid address"),
        ("", "invalid address"),
        ("https://", "invalid address"),
        ("https:///now", "invalid address"),
        ("ftp://127.0.0.1", "invalid address"),
        ("https://ada:key@127.0.0.1", "invalid address"),
        ("https://127.0.0.1:99999", "invalid address"),
        (f"http://{'a' * 70}.test", "not understood: UnicodeError"),
    ],
)
def test_invalid_address_is_a_failure(address: str, cause: str) -> None:
    assert failure(lambda: Service("weather", address).get()) == f"weather: {cause}"


def test_unknown_host_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert failure(lambda: Service("weather", "http://weather.test").get()) == "weather: host not found"


def test_call_ends_although_the_resolver_hangs_and_connects_to_nothing_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    released = threading.Event()
    with serving(OK) as server:

        def hang(*_: Any, **__: Any) -> list[Any]:
            assert released.wait(30)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]

        monkeypatch.setattr(socket, "getaddrinfo", hang)
        before = set(threading.enumerate())
        assert failure(lambda: weather(server).get()) == "weather: timed out"
        released.set()
        for thread in set(threading.enumerate()) - before:
            thread.join(30)
            assert not thread.is_alive()
    assert server.connections == 0


# TLS -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for weather.test, with its key. It has signed itself."""
    return self_signed("weather.test", tmp_path_factory.mktemp("tls") / "certificate.pem")


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Trust the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    outbound._tls.cache_clear()
    yield
    outbound._tls.cache_clear()


@pytest.fixture
def secure(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with TLS, to which all names resolve."""
    outbound._tls.cache_clear()
    with serving(OK, certificate=certificate) as server:
        resolving(monkeypatch, [("127.0.0.1", server.port)])
        yield server


@pytest.mark.usefixtures("trusted")
def test_tls_verifies_the_name_while_the_connection_goes_to_the_address(secure: Server) -> None:
    service = weather(secure, read=5)
    assert service.at("https://weather.test").get().json() == {"warm": True}
    assert secure.requests[0].headers["host"] == "weather.test"
    assert service.at("https://weather.test").get().json() == {"warm": True}
    assert secure.connections == 1


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("host", ["other.test", "127.0.0.1"])
def test_certificate_of_another_name_is_a_failure(secure: Server, host: str) -> None:
    cause = failure(lambda: weather(secure, read=5).at(f"https://{host}").get(f"/{SECRET}"))
    assert "mismatch" in cause
    assert (secure.requests, SECRET in cause) == ([], False)


def test_self_signed_certificate_is_a_failure(secure: Server) -> None:
    cause = failure(lambda: weather(secure, read=5).at("https://weather.test").get())
    assert cause == "weather: TLS error: self-signed certificate"
    assert (secure.requests, secure.connections) == ([], 1)


def test_server_without_tls_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(sends(b"HTTP/1.1 200 OK\r\n\r\n")) as server:
        resolving(monkeypatch, [("127.0.0.1", server.port)])
        assert failure(lambda: weather(server).at("https://weather.test").get()).startswith("weather: ")
        assert server.is_left.wait(5)


# Connections ---------------------------------------------------------------------------------------


def test_connection_is_kept_and_shared_with_other_addresses_of_the_origin() -> None:
    with serving(OK) as server:
        service = weather(server)
        for _ in range(3):
            service.get()
            post(service.at(f"{server.url}/other"))
    assert (server.connections, len(server.requests)) == (1, 6)


def test_connection_that_the_server_has_closed_is_not_used() -> None:
    with serving(sends(HEAD + b"Content-Length: 2\r\n\r\n{}"), OK) as server:
        service = weather(server)
        service.get()
        assert server.is_left.wait(5)
        assert post(service).json() == {"warm": True}
    assert server.connections == 2


def test_connection_is_not_kept_if_the_server_says_so() -> None:
    with serving(answers(closes=True)) as server:
        service = weather(server)
        service.get()
        service.get()
    assert server.connections == 2


def test_connection_that_has_been_idle_for_long_is_not_used() -> None:
    with serving(OK) as server, time_machine.travel(NOON, tick=False) as now:
        service = weather(server)
        service.get()
        now.shift(29)
        service.get()
        assert server.connections == 1
        now.shift(30)
        service.get()
        assert server.connections == 2


def test_no_more_than_ten_idle_connections_are_kept() -> None:
    with serving(OK) as server:
        service = weather(server)
        service.get()
        assert len(service._idle._connections) == 1
        kept = service._idle._connections[0]
        opened = [outbound._Connection(outbound._endpoint(server.url), timeout=1) for _ in range(12)]
        for connection in opened:
            connection.connect()
            service._idle.keep(kept[0], connection)
        assert [each[2] for each in service._idle._connections] == opened[2:]
        assert opened[0].sock is None


# Retries -------------------------------------------------------------------------------------------


FOR_A_MOMENT: dict[str, Behavior] = {
    "502": answers(status=502),
    "503": answers(status=503),
    "504": answers(status=504),
    "closed": sends(),
    "cut short": sends(HEAD + b"Content-Length: 9\r\n\r\n{}"),
}


@pytest.mark.parametrize("behavior", FOR_A_MOMENT.values(), ids=FOR_A_MOMENT.keys())
def test_call_that_is_safe_to_repeat_is_repeated(behavior: Behavior) -> None:
    for call in (lambda service: service.get(), lambda service: post(service, repeatable=True)):
        with serving(behavior, behavior, OK) as server:
            assert call(weather(server)).json() == {"warm": True}
        assert len(server.requests) == 3


def test_call_is_made_three_times_at_most() -> None:
    with serving(answers(status=503)) as server:
        assert weather(server).get().status == 503
        assert len(server.requests) == 3
    with serving(sends()) as server:
        assert failure(lambda: weather(server).get()) == "weather: connection failed: RemoteDisconnected"
        assert len(server.requests) == 3


@pytest.mark.parametrize("behavior", FOR_A_MOMENT.values(), ids=FOR_A_MOMENT.keys())
def test_other_call_is_not_repeated(behavior: Behavior) -> None:
    with serving(behavior, OK) as server, contextlib.suppress(Unavailable):
        assert post(weather(server)).status > 500
    assert len(server.requests) == 1


def test_call_is_not_repeated_if_the_service_says_when_to_come_back() -> None:
    with serving(answers(status=503, headers={"Retry-After": "60"}), OK) as server:
        assert weather(server).get().status == 503
    assert len(server.requests) == 1


def test_pauses_grow_and_are_random(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for attempts, longest in ((1, 0.1), (2, 0.2)):
        pauses = {outbound._pause(attempts) for _ in range(100)}
        assert len(pauses) > 90
        assert longest / 2 < max(pauses) <= longest


# The circuit ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("behavior", [sends(), answers(status=500)], ids=["no answer", "500"])
def test_circuit_opens_after_failures_in_a_row_and_one_call_probes(behavior: Behavior) -> None:
    def call() -> str:
        try:
            return str(post(service).status)
        except Unavailable as error:
            return error.cause

    with (
        serving(OK, behavior, behavior, behavior, behavior, OK) as server,
        time_machine.travel(NOON, tick=False) as now,
    ):
        service = weather(server, max_failures=2).at(f"{server.url}/elsewhere")
        assert call() == "200"
        call(), call()
        assert len(server.requests) == 3
        now.shift(29)
        assert call() == "weather: circuit open"
        assert failure(lambda: service.at(server.url).get()) == "weather: circuit open"
        assert len(server.requests) == 3
        now.shift(1)
        assert call() != "weather: circuit open"
        assert call() == "weather: circuit open"
        assert len(server.requests) == 4
        now.shift(30)
        call()
        now.shift(30)
        assert (call(), call()) == ("200", "200")
        assert len(server.requests) == 7


def test_only_one_call_probes() -> None:
    circuit = outbound._Circuit(1)
    with time_machine.travel(NOON, tick=False) as now:
        circuit.record(failed=True)
        now.shift(30)
        assert [circuit.admits() for _ in range(3)] == [True, False, False]
        now.shift(30)
        assert circuit.admits()


def test_success_in_between_keeps_the_circuit_closed() -> None:
    with serving(answers(status=500), OK, answers(status=500), OK) as server:
        service = weather(server, max_failures=2)
        assert [service.get().status for _ in range(4)] == [500, 200, 500, 200]


def test_rejections_do_not_open_the_circuit() -> None:
    with serving(answers(status=400)) as server:
        service = weather(server, max_failures=1)
        assert [service.get().status for _ in range(3)] == [400] * 3


def test_there_may_be_no_circuit() -> None:
    with serving(answers(status=500)) as server:
        service = weather(server, max_failures=None)
        assert [service.get().status for _ in range(8)] == [500] * 8


# The deadline of the request -----------------------------------------------------------------------


def test_call_ends_at_the_deadline_of_the_request_which_says_nothing_about_the_service() -> None:
    with serving(hangs(), OK) as server:
        service = weather(server, read=60, max_failures=1)
        with deadlines.within(0.2):
            assert failure(service.get) == "weather: timed out"
        assert server.is_left.wait(5)
        assert service.get().status == 200


def test_no_call_begins_after_the_deadline_of_the_request() -> None:
    with serving(OK) as server, deadlines.within(-1):
        assert failure(weather(server).get) == "weather: no time left"
    assert server.connections == 0


def test_time_out_of_the_service_itself_opens_the_circuit() -> None:
    with serving(hangs()) as server:
        service = weather(server, max_failures=1)
        assert failure(service.get) == "weather: timed out"
        assert failure(service.get) == "weather: circuit open"


# Trace, metrics, log -------------------------------------------------------------------------------


ROOT = "1-5759e988-bd862e3fe1be46a994272793"
TRACES = [
    (f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1", "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"),
    (
        f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=0;Lineage=1:a:0",
        "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-00",
    ),
    (f"Root={ROOT};Parent=53995c3f42cd8ad8", "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-00"),
    (f"Root={ROOT};Sampled=1", None),
    (f"Root={ROOT}\r\nX-Key: 1;Parent=53995c3f42cd8ad8;Sampled=1", None),
    ("Parent=53995c3f42cd8ad8;Sampled=1", None),
    ("", None),
]


@pytest.mark.parametrize(("trace", "expected"), TRACES)
def test_traceparent_is_the_position_in_lambdas_trace(
    monkeypatch: pytest.MonkeyPatch, trace: str, expected: str | None
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", trace)
    with serving(OK) as server:
        weather(server).get()
    assert server.requests[0].headers.get("traceparent") == expected


def metric_names(capsys: pytest.CaptureFixture[str]) -> list[str]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]
    return [name for line in lines for name in line if name != "_aws"]


OUTCOMES: dict[str, tuple[Behavior, dict[str, Any], str, str]] = {
    "200": (OK, {"status": 200, "attempts": 1}, "INFO", "OutgoingCalls"),
    "404": (answers(status=404), {"status": 404, "attempts": 1}, "INFO", "OutgoingCalls"),
    "503": (answers(status=503), {"status": 503, "attempts": 3}, "WARNING", "OutgoingFailures"),
    "none": (hangs(), {"cause": "timed out", "attempts": 1}, "WARNING", "OutgoingFailures"),
}


@pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=OUTCOMES.keys())
def test_each_call_has_one_log_line_and_one_metric(
    outcome: tuple[Behavior, dict[str, Any], str, str],
    outgoing: Callable[[], list[dict[str, Any]]],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    behavior, fields, level, metric = outcome
    with serving(behavior) as server, contextlib.suppress(Unavailable):
        weather(server).get()
    (line,) = outgoing()
    assert line.pop("durationMs") > 0
    assert line == {"service": "weather", "method": "GET", **fields}
    assert [record.levelname for record in caplog.records] == [level]
    assert metric_names(capsys) == [metric]


def test_call_that_the_circuit_refuses_is_logged_and_counted(
    outgoing: Callable[[], list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(sends()) as server:
        service = weather(server, max_failures=1)
        failure(lambda: post(service))
        failure(lambda: post(service))
    assert [line["cause"] for line in outgoing()] == ["connection failed: RemoteDisconnected", "circuit open"]
    assert metric_names(capsys) == ["OutgoingFailures"] * 2


HOSTILE = {
    **FOREVER,
    **{name: behavior for name, (behavior, _) in LIES.items()},
    "redirect": answers(status=302, headers={"Location": f"http://[{SECRET}"}),
    "echo": sends(f"{SECRET} {SECRET}\r\n\r\n".encode()),
    "header": answers(headers={f"X-{SECRET}": SECRET}),
}


@pytest.mark.parametrize("behavior", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_secret_is_in_the_log_or_in_the_cause(
    behavior: Behavior, outgoing: Callable[[], list[dict[str, Any]]], capsys: pytest.CaptureFixture[str]
) -> None:
    cause = ""
    with serving(behavior) as server:
        try:
            weather(server, connect=0.1, read=0.1).post(
                f"/{SECRET}?key={SECRET}", body=SECRET, headers={"X-Key": SECRET}
            )
        except Unavailable as error:
            cause = error.cause
    assert SECRET not in repr((cause, outgoing(), *capsys.readouterr()))
