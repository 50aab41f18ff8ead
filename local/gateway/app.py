"""SAM CLI's local API Gateway in front of the worker pools, corrected where it differs from an HTTP API on AWS.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import json
import logging
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from tempfile import gettempdir
from typing import Any, TextIO

import h11
from flask import Flask, Response, g, jsonify, request
from samcli.lib.telemetry.event import EventTracker
from samcli.local.apigw.event_constructor import construct_v2_event_http
from samcli.local.apigw.exceptions import LambdaResponseParseException
from samcli.local.apigw.local_apigw_service import LocalApigwService
from samcli.local.apigw.path_converter import PathConverter
from samcli.local.apigw.route import Route
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from local.errors import RunnerError
from local.functions.pool import GATEWAY_SECONDS, FunctionBusyError, FunctionError, FunctionTimeoutError, Result
from local.gateway.recording import Exchange, capture, cors_refusal
from local.gateway.server import RECEIVED, THREADS, Received
from local.hosts import is_local
from local.template import Cors, Project, one_line

# Bodies of these types and of text/* reach a function as text, others as base64.
_TEXT_TYPES = frozenset({"application/json", "application/javascript", "application/xml"})
_PROTOCOLS = frozenset({"HTTP/1.0", "HTTP/1.1"})
# What a function may respond with; HTTP reserves 1xx for responses before the final one.
_STATUSES = range(200, 600)
_MESSAGES = {
    HTTPStatus.FORBIDDEN: "The runner answers to localhost only: use the address that it prints.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Request Entity Too Large",
    HTTPStatus.BAD_GATEWAY: "Internal Server Error",
    HTTPStatus.GATEWAY_TIMEOUT: "Endpoint request timed out",
}

InvokeWithId = Callable[[str, str, str], Result]


class UnansweredError(Exception):
    """No function is at fault. The gateway answers 503."""


class GatewayTimeoutError(UnansweredError):
    """The request was not answered within API Gateway's limit. An HTTP API answers 503 then."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} within {GATEWAY_SECONDS:.0f} s, the limit of API Gateway")


class NoRoomError(UnansweredError):
    """The body does not fit on the disk."""

    def __init__(self) -> None:
        super().__init__(f"its body does not fit on the disk with {gettempdir()}, which is full")


@dataclass(frozen=True)
class RequestRecord:
    """An answered request. `at` is in seconds since 1970. `milliseconds` do not include receiving the body.

    Without a route, `function` is empty; unless the response has an id (404), `request_id` is empty too. `cors` is why
    a browser keeps the response from the page that asked for it, or empty. `exchange` holds secrets.
    """

    at: float
    method: str
    path: str
    status: int
    milliseconds: float
    function: str
    cold: bool
    problem: str
    request_id: str
    cors: str
    exchange: Exchange

    def __str__(self) -> str:
        """Return the line for the terminal."""
        clock = time.strftime("%H:%M:%S", time.localtime(self.at))
        line = f"{clock} {self.method} {self.path} {self.status} {self.milliseconds:.0f} ms"
        if self.problem:
            return f"{line} - {f'{self.function}: ' if self.function else ''}{self.problem}"
        if not self.function:
            return line
        return f"{line} {self.function}{' cold' if self.cold else ''}"


def make_app(project: Project, invoke: InvokeWithId, record: Callable[[RequestRecord], None], port: int) -> Flask:
    """Return the API as a WSGI application. `invoke` takes the function's name, the event (JSON) and the request id.

    Raises RunnerError if a route is invalid.
    """
    gateway = _Gateway(project, invoke, port)
    gateway.create()
    app: Flask = gateway.app
    # An HTTP API matches a path exactly: a route is not found with a slash more or less.
    app.url_map.strict_slashes, app.url_map.merge_slashes = True, False
    for rule in app.url_map.iter_rules():
        rule.strict_slashes, rule.merge_slashes = True, False
    app.register_error_handler(Exception, _failed)
    # SAM CLI registers a REST API's responses for these three.
    for error in (HTTPException, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        app.register_error_handler(error, _http_error)
    app.register_error_handler(HTTPStatus.INTERNAL_SERVER_ERROR, _failed)

    @app.before_request
    def begin() -> Response | None:
        g.function, g.cold, g.problem, g.request_id = "", False, "", ""
        if refusal := _refusal():
            return refusal
        if request.method == "OPTIONS" and project.cors.origins and "Access-Control-Request-Method" in request.headers:
            return Response(status=HTTPStatus.NO_CONTENT)
        if _received().no_room:
            raise NoRoomError
        if _received().deadline <= time.monotonic():
            raise GatewayTimeoutError("it could not be started")
        return None

    @app.after_request
    def finish(response: Response) -> Response:
        if is_page():
            # The runner's own page. No other origin may read it, so it gets no CORS headers, and it is not in the log.
            return response
        _add_cors(response, project.cors)
        record(
            RequestRecord(
                at=time.time(),
                method=request.method,
                path=request.path,
                status=response.status_code,
                milliseconds=(time.monotonic() - _received().arrived) * 1000,
                function=g.function,
                cold=g.cold,
                problem=g.problem,
                request_id=g.request_id,
                cors=cors_refusal(response, project.cors),
                exchange=capture(response, None if _is_unread() else _received().body),
            )
        )
        return response

    return app


def _received() -> Received:
    received: Received = request.environ[RECEIVED]
    return received


def _is_unread() -> bool:
    """Whether the request was refused before its body was read."""
    return _received().too_large or _received().no_room


def _refusal() -> Response | None:
    """Return the response to a request that reaches no route, or None."""
    if request.environ["SERVER_PROTOCOL"] not in _PROTOCOLS:
        response = _message(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
        response.headers["Connection"] = "close"
        return response
    if not is_local(request.host):
        return _message(HTTPStatus.FORBIDDEN)
    # Werkzeug ignores further slashes at the beginning.
    if request.environ["PATH_INFO"].startswith("//"):
        return not_found()
    if _received().too_large:
        return _message(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return None


def is_page() -> bool:
    """Return whether the request is for the runner's own page."""
    return f"{request.path}/".startswith("/_local/")


class _Gateway(LocalApigwService):  # type: ignore[misc]
    """SAM CLI's gateway with the pools as its `lambda_runner`."""

    def __init__(self, project: Project, invoke: InvokeWithId, port: int) -> None:
        # SAM CLI would send telemetry about every request.
        EventTracker.track_event = staticmethod(lambda *_args, **_kwargs: None)
        logging.getLogger("samcli").setLevel(logging.ERROR)
        # CORS is added in `_add_cors`: SAM CLI has no exposed headers, and none on errors.
        project.api.cors = None
        super().__init__(api=project.api, lambda_runner=_Functions(invoke), port=port, host="127.0.0.1")

    def create(self) -> None:
        """Create the application. Raises RunnerError if a route is invalid."""
        try:
            super().create()
        # Werkzeug compiles each path and raises exceptions of several types.
        except Exception as problem:
            raise RunnerError(
                f"The template has an invalid route: {one_line(problem)}. Correct the Path of the event."
            ) from problem

    @property
    def app(self) -> Flask:
        app: Flask = self._app
        return app

    def _generate_lambda_event(self, flask_request: Any, route: Any, method: str, endpoint: str) -> dict[str, Any]:
        if route.event_type != Route.HTTP or route.payload_format_version == "1.0":
            event: dict[str, Any] = super()._generate_lambda_event(flask_request, route, method, endpoint)
            return event
        now = datetime.now(UTC)
        route_key = self._v2_route_key(
            method, PathConverter.convert_path_to_api_gateway(endpoint), route.is_default_route
        )
        event = construct_v2_event_http(
            flask_request=flask_request,
            port=self.port,
            binary_types=["*/*"] if _is_binary() else [],
            stage_name=self.api.stage_name,
            stage_variables=self.api.stage_variables,
            route_key=route_key,
            request_time_epoch=int(now.timestamp() * 1000),
            request_time=now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        )
        return _corrected(event)

    @staticmethod
    def _parse_v1_payload_format_lambda_output(*arguments: Any) -> Any:
        return _parsed(LocalApigwService._parse_v1_payload_format_lambda_output, *arguments)  # noqa: SLF001

    @staticmethod
    def _parse_v2_payload_format_lambda_output(*arguments: Any) -> Any:
        return _parsed(LocalApigwService._parse_v2_payload_format_lambda_output, *arguments)  # noqa: SLF001


def _parsed(parse: Callable[..., tuple[int, Headers, Any]], *arguments: Any) -> tuple[int, Headers, Any]:
    """Return status, headers and body of a function's result. Raises FunctionError unless it is a valid response."""
    try:
        status, headers, body = parse(*arguments)
        # The server sets these from the body.
        for name in ("Content-Length", "Transfer-Encoding"):
            headers.remove(name)
        _verify(status, headers)
    # A handler may return anything. What is not a response is an error of the function.
    except (LambdaResponseParseException, h11.LocalProtocolError, AttributeError, TypeError, ValueError) as problem:
        raise FunctionError(f"it did not return a response: {problem}") from problem
    return status, headers, body


def _verify(status: int, headers: Headers) -> None:
    """Reject what the server would reject, but only after the response is in the log."""
    if status not in _STATUSES:
        raise ValueError(f"statusCode {status} is not from {_STATUSES[0]} to {_STATUSES[-1]}")
    encoded = [(name.encode("ascii"), value.strip().encode("latin-1")) for name, value in headers]
    h11.Response(status_code=status, headers=encoded)


class _Functions:
    """The interface through which SAM CLI's gateway invokes functions."""

    def __init__(self, invoke: InvokeWithId) -> None:
        self._invoke = invoke
        # A function that has exceeded the time of its request runs on, as on AWS.
        self._threads = ThreadPoolExecutor(THREADS)

    def invoke(
        self, name: str, event: str, *, stdout: TextIO, stderr: TextIO | None = None, tenant_id: str | None = None
    ) -> None:
        """Invoke the function and write its result to `stdout`. Raises FunctionError, GatewayTimeoutError."""
        del stderr, tenant_id
        g.function = name
        running = self._threads.submit(self._invoke, name, event, g.request_id)
        try:
            result = running.result(_received().deadline - time.monotonic())
        except TimeoutError:
            # If it still waits for a thread, it never starts.
            running.cancel()
            raise GatewayTimeoutError("it did not answer") from None
        g.cold = result.cold
        stdout.write_str(result.body)  # type: ignore[attr-defined]

    def is_debugging(self) -> bool:
        """Return whether a debugger is attached."""
        return False


def _is_binary() -> bool:
    kind = request.mimetype
    if kind and not kind.startswith("text/") and kind not in _TEXT_TYPES and not kind.endswith(("+json", "+xml")):
        return True
    try:
        request.get_data().decode()
    except UnicodeDecodeError:
        return True
    return False


def _corrected(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event as API Gateway sends it: lower-case header names, separate cookies, no empty fields."""
    peer = request.remote_addr or ""
    headers = {name.lower(): value for name, value in event["headers"].items()}
    cookies = headers.pop("cookie", "")
    forwarded = headers.get("x-forwarded-for")
    headers["x-forwarded-for"] = f"{forwarded}, {peer}" if forwarded else peer
    g.request_id = str(uuid.uuid4())
    context = event["requestContext"]
    context["requestId"] = g.request_id
    context["http"] |= {
        "sourceIp": peer,
        "userAgent": headers.get("user-agent", ""),
        "protocol": request.environ["SERVER_PROTOCOL"],
    }
    optional = {
        "cookies": [cookie.strip() for cookie in cookies.replace(",", ";").split(";") if cookie.strip()],
        "pathParameters": event["pathParameters"],
        "stageVariables": event["stageVariables"],
        "body": event["body"],
    }
    kept = {name: value for name, value in event.items() if name not in optional}
    return {**kept, "headers": headers, **{name: value for name, value in optional.items() if value}}


def _failed(problem: Exception) -> Response:
    is_ours = isinstance(problem, FunctionError | UnansweredError)
    g.problem = str(problem) if is_ours else f"{type(problem).__name__}: {problem}"
    if isinstance(problem, FunctionTimeoutError):
        return _message(HTTPStatus.GATEWAY_TIMEOUT)
    if isinstance(problem, FunctionBusyError | UnansweredError):
        return _message(HTTPStatus.SERVICE_UNAVAILABLE)
    return _message(HTTPStatus.BAD_GATEWAY)


def not_found(message: str = "Not Found") -> Response:
    """Return a 404 in the shape of the API's errors. API Gateway's has only the message."""
    g.request_id = str(uuid.uuid4())
    error = {"success": False, "message": message, "code": "not_found", "requestId": g.request_id}
    return Response(json.dumps(error), HTTPStatus.NOT_FOUND, mimetype="application/json")


def _http_error(problem: HTTPException) -> Response:
    # An HTTP API has no 405: a verb without a route is not found.
    if isinstance(problem, NotFound | MethodNotAllowed):
        return not_found()
    return _message(HTTPStatus(problem.code or HTTPStatus.BAD_REQUEST))


def _message(status: HTTPStatus) -> Response:
    response: Response = jsonify({"message": _MESSAGES.get(status, status.phrase)})
    response.status_code = status
    return response


def _add_cors(response: Response, cors: Cors) -> None:
    """Add the CORS headers of the template to any response.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
    """
    if not cors.origins:
        return
    for name in [name for name, _ in response.headers if name.lower().startswith("access-control-")]:
        # With CORS in the template, API Gateway drops the function's own CORS headers.
        del response.headers[name]
    origin = request.headers.get("Origin")
    if origin is None or not cors.allows(origin):
        return
    any_origin = "*" in cors.origins and not cors.credentials
    response.headers["Access-Control-Allow-Origin"] = "*" if any_origin else origin
    if not any_origin:
        response.headers.add("Vary", "Origin")
    if cors.credentials:
        response.headers["Access-Control-Allow-Credentials"] = "true"
    if cors.exposed:
        response.headers["Access-Control-Expose-Headers"] = ",".join(cors.exposed)
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = ",".join(cors.methods)
        response.headers["Access-Control-Allow-Headers"] = ",".join(cors.headers)
        if cors.max_age is not None:
            response.headers["Access-Control-Max-Age"] = str(cors.max_age)
