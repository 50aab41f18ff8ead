"""One way to call another service over HTTP, such as SendGrid or a provider of sign-ins.

    _WEATHER = Service("weather", "https://api.weather.example")
    answer = _WEATHER.get("/now?" + urlencode({"city": city}))

A call ends within the time that its service allows, and within the deadline of the request (`shared.core.deadlines`),
whatever the server does. Neither the resolver nor a server that sends one byte at a time ends at the time-out of a
socket. So a thread makes the call, and when the time is up, its socket is shut down and the caller goes on.

Threats. The server may be malicious, and so may be the URL if it comes from elsewhere, such as a redirect. A call
connects only to addresses that `shared.core.addresses` allows, on AWS only over TLS, and TLS verifies the name of the
URL. It reads no more than the largest answer that the service may have, and decompresses nothing. It follows only
redirects that the service allows, of a GET only, and sends headers of the caller to no other origin. Paths, headers and
bodies may hold secrets: neither the log nor an error has any of them.
"""

import http.client
import json
import os
import random
import re
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from copy import copy
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urljoin

import urllib3

from shared import __version__
from shared.core import clock, config, deadlines, logs, metrics
from shared.core.addresses import resolve
from shared.core.errors import Unavailable

_PAUSE_OF_CIRCUIT = clock.MINUTE // 2
# How often a call that is safe to repeat is made at most, and the longest pause before the second time, in seconds.
_ATTEMPTS = 3
_PAUSE = 0.1
_BUSY = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What another origin gets of the caller's headers, after a redirect. Any other one may hold a secret.
_HARMLESS_HEADERS = frozenset({"accept", "accept-language", "user-agent"})
# How long an idle connection is kept, in seconds, and how many of them. Lambda freezes an environment between requests,
# so it may not learn that the server, or the network address translation, has given up an older one.
_KEEP_SECONDS, _MAX_IDLE = 30, 10
_USER_AGENT = f"lambda-api-routes/{__version__}"
# A call that had less time than this, in seconds, because its request had no more, says nothing about the service.
_FAIR_TIME = 1


class Answer(NamedTuple):
    """What a service has answered. `headers` finds a name in any case."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    service: str = ""

    def json(self) -> Any:
        """Return the content, which must be JSON.

        Raises:
            Unavailable: it is not JSON in UTF-8.

        """
        try:
            return json.loads(self.content.decode(), parse_constant=_reject_constant)
        # Lists that are nested too deeply end in a RecursionError.
        except (ValueError, RecursionError):
            raise Unavailable(f"{self.service}: not JSON") from None


def _reject_constant(name: str) -> None:
    """Reject `NaN` and `Infinity`, which `json` accepts, and which would make our own response invalid."""
    raise ValueError(name)


class Service:
    """Another service. `name` is for the log, and `base` the address that paths are added to: https, locally also http.

    `connect` and `read` are time-outs in seconds, for connecting and for each wait for data; a call with all its
    retries takes no longer than both together. An answer has at most `largest` bytes, and a GET follows at most
    `redirects` redirects.

    After `max_failures` in a row, the service is not called for 30 seconds: its circuit is open. Then one call probes
    it. Failures are calls without an answer, and answers with a 5xx. Each execution environment has a circuit of its
    own; with None there is no circuit.
    """

    def __init__(  # noqa: PLR0913  # most have a default
        self,
        name: str,
        base: str,
        *,
        connect: float = 1,
        read: float = 3,
        largest: int = 1_000_000,
        redirects: int = 0,
        max_failures: int | None = 5,
    ) -> None:
        self.name = name
        self._base = base
        self._limits = _Limits(connect, read, largest, redirects)
        self._circuit = _Circuit(max_failures)
        self._idle = _Idle()

    def at(self, address: str) -> "Service":
        """Return the same service, with its limits and its circuit, at another address: a URL such as an endpoint."""
        service = copy(self)
        service._base = address  # noqa: SLF001  # the copy's
        return service

    def get(self, path: str = "", *, headers: Mapping[str, str] = {}) -> Answer:
        """Send a GET, which is repeated if it fails for a moment, and return the answer, whatever its status is.

        `path` begins with `/` or `?`; quote what you put into it. Without it, the address is the base.

        Raises:
            Unavailable: there is no answer. The cause names the service and the reason.

        """
        return self._call(_Request("GET", self._base, path, None, headers), _ATTEMPTS)

    def post(
        self, path: str = "", *, body: bytes | str, headers: Mapping[str, str], repeatable: bool = False
    ) -> Answer:
        """Send a POST, and return the answer, whatever its status is. A redirect is never followed.

        `repeatable` says that the service does the same if it gets the request twice: only then it is repeated.

        Raises:
            Unavailable: there is no answer. The cause names the service and the reason.

        """
        content = body.encode() if isinstance(body, str) else body
        return self._call(_Request("POST", self._base, path, content, headers), _ATTEMPTS if repeatable else 1)

    def _call(self, request: "_Request", attempts: int) -> Answer:
        if request.path and request.path[0] not in "/?":
            raise ValueError("A path must begin with / or ?")
        started = time.perf_counter()
        call = _Call(self._limits, self._idle, request, attempts)
        try:
            answer = self._within_circuit(call)
        except _FailedError as failure:
            self._log(call, {"cause": failure.reason}, started, failed=True)
            # Its context may name the URL.
            raise Unavailable(f"{self.name}: {failure.reason}") from None
        self._log(call, {"status": answer.status}, started, failed=_is_failure(answer))
        return answer._replace(service=self.name)

    def _within_circuit(self, call: "_Call") -> Answer:
        if not self._circuit.admits():
            raise _FailedError("circuit open")
        allowed = self._limits.connect + self._limits.read
        seconds = min(allowed, deadlines.remaining())
        try:
            answer = call.run(seconds)
        except _FailedError as failure:
            if not (failure.is_timeout and seconds < min(allowed, _FAIR_TIME)):
                self._circuit.record(failed=True)
            raise
        self._circuit.record(failed=_is_failure(answer))
        return answer

    def _log(self, call: "_Call", outcome: Mapping[str, Any], started: float, *, failed: bool) -> None:
        metrics.count("OutgoingFailures" if failed else "OutgoingCalls")
        fields = {
            "service": self.name,
            "method": call.request.method,
            **outcome,
            "attempts": call.attempts,
            "durationMs": round((time.perf_counter() - started) * 1000, 1),
        }
        (logs.logger.warning if failed else logs.logger.info)("outgoing call", extra={"fields": fields})


def _is_failure(answer: Answer) -> bool:
    return answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR


class _Limits(NamedTuple):
    connect: float
    read: float
    largest: int
    redirects: int


class _Request(NamedTuple):
    method: str
    base: str
    path: str
    body: bytes | None
    headers: Mapping[str, str]

    def url(self) -> str:
        """Return the URL. The path cannot change the host, since it begins with `/` or `?`."""
        return self.base.rstrip("/") + self.path if self.path else self.base


class _FailedError(Exception):
    """There is no answer. `reason` is for the log: it has nothing of the request."""

    def __init__(self, reason: str, *, is_transient: bool = False, is_timeout: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        # After a time-out there is hardly any time left, and the server may be overloaded.
        self.is_transient = is_transient
        self.is_timeout = is_timeout


# The circuit ---------------------------------------------------------------------------------------


class _Circuit:
    """Whether a service may be called, as far as this execution environment knows."""

    def __init__(self, max_failures: int | None) -> None:
        self._max_failures = max_failures
        self._failures = 0
        self._open_until = 0
        self._lock = threading.Lock()

    def admits(self) -> bool:
        """Return whether the service may be called now. If so after a pause, the call is the probe."""
        with self._lock:
            if not self._is_open():
                return True
            if clock.now() < self._open_until:
                return False
            self._open_until = clock.now() + _PAUSE_OF_CIRCUIT
            return True

    def record(self, *, failed: bool) -> None:
        """Record the outcome of a call."""
        with self._lock:
            self._failures = self._failures + 1 if failed else 0
            if self._is_open():
                self._open_until = clock.now() + _PAUSE_OF_CIRCUIT

    def _is_open(self) -> bool:
        return self._max_failures is not None and self._failures >= self._max_failures


# One call ------------------------------------------------------------------------------------------


class _Call:
    """One call, in a thread of its own."""

    def __init__(self, limits: _Limits, idle: "_Idle", request: _Request, attempts: int) -> None:
        self.request = request
        self.attempts = 0
        self._limits = limits
        self._idle = idle
        self._max_attempts = attempts
        self._outcome: Answer | _FailedError | None = None
        self._is_over = threading.Event()
        self._socket: socket.socket | None = None

    def run(self, seconds: float) -> Answer:
        """Make the call, and return its answer. Raises `_FailedError` if there is none after that time."""
        if seconds <= 0:
            raise _FailedError("no time left", is_timeout=True)
        # A daemon, since nothing can interrupt the resolver.
        thread = threading.Thread(target=self._work, daemon=True)
        thread.start()
        thread.join(seconds)
        outcome = self._outcome
        if outcome is None:
            self._stop()
            raise _FailedError("timed out", is_timeout=True)
        if isinstance(outcome, _FailedError):
            raise outcome
        return outcome

    def _stop(self) -> None:
        """End the thread: either it sees that the call is over, or it has a socket, and fails to use it."""
        self._is_over.set()
        if self._socket is not None:
            # The method of SSLSocket would change what the thread is using.
            with suppress(OSError):  # the other end, or the thread, may have closed it
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _work(self) -> None:
        try:
            self._outcome = self._with_retries()
        except Exception as error:  # noqa: BLE001  # what a malicious server can provoke is not documented
            self._outcome = _failure(error)

    def _with_retries(self) -> Answer:
        while True:
            self.attempts += 1
            is_last = self.attempts == self._max_attempts
            try:
                answer = self._with_redirects()
            except Exception as error:
                if is_last or not _failure(error).is_transient:
                    raise
            else:
                # If the service says when to come back, it is later than we can wait.
                if is_last or answer.status not in _BUSY or "Retry-After" in answer.headers:
                    return answer
            self._is_over.wait(_pause(self.attempts))
            self._check()

    def _with_redirects(self) -> Answer:
        url, headers = self.request.url(), {**_own_headers(), **_lower(self.request.headers)}
        for _ in range(self._limits.redirects + 1):
            endpoint = _endpoint(url)
            answer = self._exchange(endpoint, headers)
            location = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or location is None:
                return answer
            if self.request.method != "GET":
                break
            url = urljoin(url, location)
            if _endpoint(url).origin != endpoint.origin:
                headers = {name: value for name, value in headers.items() if name in _HARMLESS_HEADERS}
        raise _FailedError("redirect not allowed")

    def _exchange(self, endpoint: "_Endpoint", headers: Mapping[str, str]) -> Answer:
        connection = self._idle.take(endpoint.origin) or self._connect(endpoint)
        response = None
        try:
            self._begin(connection)
            connection.request(self.request.method, endpoint.target, self.request.body, headers)
            response = connection.getresponse()
            content = self._read(response)
        except BaseException:
            connection.close()
            raise
        finally:
            if response is not None:
                response.close()
        if connection.sock is not None:
            self._idle.keep(endpoint.origin, connection)
        return Answer(response.status, _headers(response), content)

    def _connect(self, endpoint: "_Endpoint") -> "_Connection":
        connection = _Connection(endpoint, timeout=self._limits.connect)
        # Resolving may have taken long.
        self._check()
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin(self, connection: "_Connection") -> None:
        """Set the time-out for reading, and let `_stop` find the socket."""
        self._socket = connection.sock
        self._socket.settimeout(self._limits.read)
        self._check()

    def _check(self) -> None:
        if self._is_over.is_set():
            raise _FailedError("timed out", is_timeout=True)

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        content, room = [], self._limits.largest + 1
        while room and (piece := response.read(room)):
            content.append(piece)
            room -= len(piece)
        if not room:
            raise _FailedError("answer too large")
        # What is left of `Content-Length`.
        if response.length:
            raise http.client.IncompleteRead(b"")
        return b"".join(content)


def _headers(response: http.client.HTTPResponse) -> Mapping[str, str]:
    headers = urllib3.HTTPHeaderDict()
    for name, value in response.getheaders():
        # A value may have several lines.
        headers.add(name, " ".join(value.splitlines()))
    return headers


def _pause(attempts: int) -> float:
    """Return how long to wait after this many attempts, in seconds. At random, so that not all callers come at once."""
    return random.uniform(0, _PAUSE * 2 ** (attempts - 1))  # noqa: S311  # no secret


def _failure(error: Exception) -> _FailedError:
    """Translate an error, without its text: that may have the URL, or what the server has sent."""
    kind = type(error).__name__
    match error:
        case _FailedError():
            failure = error
        case ssl.SSLCertVerificationError():
            # A text of OpenSSL, with the host at most.
            failure = _FailedError(f"TLS error: {error.verify_message}")
        case ssl.SSLError():
            failure = _FailedError(f"TLS error: {error.reason or kind}")
        case TimeoutError():
            failure = _FailedError("timed out", is_timeout=True)
        case socket.gaierror():
            failure = _FailedError("host not found", is_transient=True)
        case http.client.IncompleteRead():
            failure = _FailedError("answer cut short", is_transient=True)
        case OSError():
            failure = _FailedError(f"connection failed: {kind}", is_transient=True)
        case _:
            failure = _FailedError(f"not understood: {kind}")
    return failure


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _own_headers() -> dict[str, str]:
    """Return who calls and, if Lambda traces this request, the position in the trace (W3C Trace Context).

    https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
    """
    headers = {"user-agent": _USER_AGENT}
    pairs = (part.partition("=") for part in os.environ.get("_X_AMZN_TRACE_ID", "").split(";"))
    trace = {name.strip(): value for name, _, value in pairs}
    root = re.fullmatch(r"1-([0-9a-f]{8})-([0-9a-f]{24})", trace.get("Root", ""))
    parent = trace.get("Parent", "")
    if root is not None and re.fullmatch("[0-9a-f]{16}", parent):
        headers["traceparent"] = f"00-{root[1]}{root[2]}-{parent}-{'01' if trace.get('Sampled') == '1' else '00'}"
    return headers


# Where to --------------------------------------------------------------------------------------------


_Origin: TypeAlias = tuple[str, str, int]
_PORTS = {"https": 443, "http": 80}


class _Endpoint(NamedTuple):
    """A URL, checked. `target` is its path and query, as they are sent."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> _Origin:
        return self.scheme, self.host, self.port


def _endpoint(text: str) -> _Endpoint:
    """Read a URL. Raises `_FailedError` if it is not one that may be called."""
    try:
        url = urllib3.util.parse_url(text)
    except urllib3.exceptions.LocationParseError:
        raise _FailedError("invalid address") from None
    if url.scheme not in {"https", "http"} or not url.host or url.auth is not None:
        raise _FailedError("invalid address")
    if url.scheme == "http" and not config.runs_locally():
        raise _FailedError("address without TLS")
    return _Endpoint(url.scheme, url.host.strip("[]"), url.port or _PORTS[url.scheme], url.request_uri)


# Connections -----------------------------------------------------------------------------------------


class _Response(http.client.HTTPResponse):
    """Rejects chunks of a negative size, which `http.client` accepts: it reads one of -1 without a limit."""

    def _read_next_chunk_size(self) -> int:
        size: int = super()._read_next_chunk_size()  # type: ignore[misc]  # not documented
        if size < 0:
            raise http.client.HTTPException("The size of a chunk is negative")
        return size


class _Connection(http.client.HTTPConnection):
    """A connection to an address that was checked, rather than to what its host may resolve to a moment later."""

    response_class = _Response

    def __init__(self, endpoint: "_Endpoint", timeout: float) -> None:
        super().__init__(endpoint.host, endpoint.port, timeout=timeout)
        # `Host` is without the port of the scheme.
        self.default_port = _PORTS[endpoint.scheme]
        self._is_secure = endpoint.scheme == "https"
        self._addresses = resolve(endpoint.host, endpoint.port)
        if not self._addresses:
            raise _FailedError("address not allowed")

    def connect(self) -> None:
        """Connect to the first address that accepts it. TLS verifies the name of the host."""
        self.sock = self._connected()
        if self._is_secure:
            self.sock = _tls().wrap_socket(self.sock, server_hostname=self.host)

    def _connected(self) -> socket.socket:
        failure = OSError()
        for family, target in self._addresses:
            connected = socket.socket(family, socket.SOCK_STREAM)
            try:
                connected.settimeout(self.timeout)
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connected.connect(target)
            except OSError as error:
                connected.close()
                failure = error
            else:
                return connected
        raise failure


@cache
def _tls() -> ssl.SSLContext:
    """Return the settings of TLS. They are read once, since reading all certificates takes as long as a connection."""
    return ssl.create_default_context()


class _Idle:
    """Connections that a server keeps open, for the next call. Thread-safe."""

    def __init__(self) -> None:
        self._connections: list[tuple[_Origin, int, _Connection]] = []
        self._lock = threading.Lock()
        weakref.finalize(self, _close, self._connections)

    def take(self, origin: _Origin) -> _Connection | None:
        """Return a connection to the origin, if one is open, and close those that have been idle for long."""
        now = clock.now()
        with self._lock:
            fresh = [each for each in self._connections if 0 <= now - each[1] < _KEEP_SECONDS and _is_open(each[2])]
            stale = [each for each in self._connections if each not in fresh]
            found = next((each for each in reversed(fresh) if each[0] == origin), None)
            self._connections[:] = [each for each in fresh if each is not found]
        _close(stale)
        return found[2] if found else None

    def keep(self, origin: _Origin, connection: _Connection) -> None:
        """Keep a connection for the next call."""
        with self._lock:
            self._connections.append((origin, clock.now(), connection))
            surplus = self._connections[:-_MAX_IDLE]
            del self._connections[:-_MAX_IDLE]
        _close(surplus)


def _is_open(connection: _Connection) -> bool:
    """Return whether the server has neither closed the connection, nor sent what nobody asked for."""
    return not urllib3.util.wait_for_read(connection.sock, timeout=0)


def _close(connections: list[tuple[_Origin, int, _Connection]]) -> None:
    for _, _, connection in connections:
        connection.close()
