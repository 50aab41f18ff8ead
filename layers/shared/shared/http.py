"""HTTP: the only module that knows what a request and a status are.

A function serves one path. Its file makes an `Api` for the path, names it as Lambda's entry point, and declares one
function for each verb:

    api = Api("/api/users/{userId}")
    handler = api.handler

    @api.get
    def read(user_id: str, caller: Caller) -> Response: ...

A parameter named after a part of the path receives that part. Any other receives what its type makes of the request,
by `from_request`: the caller (`shared.caller`), a body or query (`shared.inputs`), the client (`Client`, below). Who
is calling is found out first, so that a stranger learns nothing about the input.

Events are API Gateway's payload format 2.0, whether from AWS, `sam local` or the runner in `local/`.
"""

import base64
import inspect
import json
import re
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar, get_type_hints

from shared import activity, logs, metrics, startup
from shared.errors import (
    Conflict,
    Error,
    Forbidden,
    Invalid,
    InvalidInput,
    NotFound,
    Stale,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)

Event: TypeAlias = dict[str, Any]
LARGEST_BODY = 1024 * 1024


# What comes in -------------------------------------------------------------------------------------


class Request:
    """A request, as API Gateway describes it. Header names are in lower case."""

    def __init__(self, event: Event) -> None:
        self._event = event
        context = event.get("requestContext") or {}
        http = context.get("http") or {}
        self.id: str = context.get("requestId", "")
        self.method: str = http.get("method", "")
        self.ip: str = http.get("sourceIp", "")
        self.headers: Mapping[str, str] = {name.lower(): text for name, text in (event.get("headers") or {}).items()}
        self.path_parameters: Mapping[str, str] = event.get("pathParameters") or {}
        self.query: Mapping[str, str] = event.get("queryStringParameters") or {}
        self.caller_id: str | None = None

    @cached_property
    def body(self) -> bytes:
        """The body as it was sent. Gateways hand some over as text and some as base64.

        Raises:
            BodyTooLarge: it has more than 1 MB.
            InvalidInput: it says that it is base64, and is not.

        """
        text: str = self._event.get("body") or ""
        try:
            body = base64.b64decode(text, validate=True) if self._event.get("isBase64Encoded") else text.encode()
        except ValueError as error:
            raise InvalidInput("The body cannot be decoded") from error
        if len(body) > LARGEST_BODY:
            raise BodyTooLarge
        return body

    @property
    def content_type(self) -> str:
        """The media type of the body without its parameters, in lower case; empty if none is named."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Client(activity.Client):
    """Where a request comes from, as the gateway says, and who is calling, where that was found out."""

    __slots__ = ()

    @classmethod
    def from_request(cls, request: Request) -> "Client":
        """Read it from the request."""
        return cls(
            ip=request.ip,
            user_agent=request.headers.get("user-agent", ""),
            caller_id=request.caller_id or "",
            request_id=request.id,
        )


# What goes out -------------------------------------------------------------------------------------

# OWASP HTTP Headers and REST Security cheat sheets, as far as they concern an API that serves no pages.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}


class Response(NamedTuple):
    """An answer; `body` is whatever JSON can say, or None for no body at all."""

    body: Mapping[str, Any] | None = None
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = MappingProxyType({})

    def to_event(self, request_id: str) -> Event:
        """Give the answer as API Gateway wants it."""
        headers = {**_HEADERS, "X-Request-Id": request_id, **self.headers}
        event: Event = {"statusCode": self.status.value, "headers": headers}
        if self.body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
            event["body"] = json.dumps(self.body, ensure_ascii=False, separators=(",", ":"))
        return event


def data(value: Any, status: HTTPStatus = HTTPStatus.OK, **headers: str) -> Response:  # any JSON
    """Answer with what was asked for. Header names are written with underscores."""
    return Response({"success": True, "data": value}, status, _named(headers))


def message(text: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Answer with a sentence."""
    return Response({"success": True, "message": text}, status)


def no_content() -> Response:
    """Answer that it is done, with nothing to add."""
    return Response(status=HTTPStatus.NO_CONTENT)


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): text for name, text in headers.items()}


# What goes wrong -----------------------------------------------------------------------------------


class MethodNotAllowed(Error):
    """The path exists, but not with this verb."""

    code = "method_not_allowed"

    def __init__(self, method: str, allowed: list[str]) -> None:
        self.message = f"Method {method} Not Allowed"
        self.allowed = ", ".join(allowed)


class BodyTooLarge(Error):
    """The body has more than 1 MB."""

    code = "body_too_large"
    message = "The body must not be larger than 1 MB"


class UnsupportedMediaType(Error):
    """The body is of a kind that this path does not read."""

    code = "unsupported_media_type"

    def __init__(self, *accepted: str) -> None:
        self.message = f"Content-Type must be {' or '.join(accepted)}"


# Every kind of error that callers are told about. `shared.errors` draws the tree below each.
_STATUSES: Mapping[type[Error], HTTPStatus] = {
    Invalid: HTTPStatus.BAD_REQUEST,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    Conflict: HTTPStatus.CONFLICT,
    Stale: HTTPStatus.PRECONDITION_FAILED,
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


def failure(error: Exception, request_id: str) -> Response:
    """Tell the caller what went wrong; of a defect, only that there is one."""
    status = next((_STATUSES[kind] for kind in type(error).__mro__ if kind in _STATUSES), None)
    if status is None or not isinstance(error, Error):
        status, code, text = HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong on our side"
    else:
        code, text = error.code, error.message
    body: dict[str, Any] = {"success": False, "message": text, "code": code, "requestId": request_id}
    headers = {}
    match error:
        case InvalidInput(fields=fields) if fields:
            body["errors"] = [{"field": fault.field, "message": fault.message} for fault in fields]
        case Unauthenticated():
            headers["WWW-Authenticate"] = "Bearer"
        case MethodNotAllowed():
            headers["Allow"] = error.allowed
        case TooManyRequests() | Unavailable():
            headers["Retry-After"] = str(error.retry_after)
    return Response(body, status, headers)


# The way from one to the other ---------------------------------------------------------------------

Operation = TypeVar("Operation", bound=Callable[..., Response])


class Input(Protocol):
    """A type that operations can ask for.

    It may have a method `prepare`, which makes what all requests have in common: during the start, or at the first of
    them where GET was declared before.
    """

    @classmethod
    def from_request(cls, request: Request) -> Any:  # usually an instance of itself
        """Make it of the request, or raise the error that the caller is told."""


class Api:
    """One path and its verbs. `handler` is what Lambda calls."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._operations: dict[str, Callable[[Request], Response]] = {}
        self._path_parameters = {_snake_case(name): name for name in re.findall(r"{(\w+)}", path)}
        self._cold = True
        startup.finish()

    @property
    def methods(self) -> list[str]:
        """The verbs this path has, as declared."""
        return list(self._operations)

    def get(self, operation: Operation) -> Operation:
        """Declare what GET does."""
        return self._declare("GET", operation)

    def post(self, operation: Operation) -> Operation:
        """Declare what POST does."""
        return self._declare("POST", operation)

    def put(self, operation: Operation) -> Operation:
        """Declare what PUT does."""
        return self._declare("PUT", operation)

    def patch(self, operation: Operation) -> Operation:
        """Declare what PATCH does."""
        return self._declare("PATCH", operation)

    def delete(self, operation: Operation) -> Operation:
        """Declare what DELETE does."""
        return self._declare("DELETE", operation)

    def handler(self, event: Event, _context: object) -> Event:
        """Answer one request."""
        started = time.perf_counter()
        request = Request(event)
        try:
            response = self._operation(request.method)(request)
            error = None
        except Exception as raised:  # noqa: BLE001  # the one place where exceptions become responses
            error = raised
            response = failure(error, request.id)
        self._log(request, response, error, time.perf_counter() - started)
        return response.to_event(request.id)

    def _operation(self, method: str) -> Callable[[Request], Response]:
        try:
            return self._operations[method]
        except KeyError:
            raise MethodNotAllowed(method, self.methods) from None

    def _declare(self, method: str, operation: Operation) -> Operation:
        kinds = get_type_hints(operation)
        kinds.pop("return", None)
        if kinds.keys() != inspect.signature(operation).parameters.keys():
            raise TypeError(f"{operation.__name__} has a parameter without a type")
        # Who is calling comes first, whatever the order of the parameters.
        first = sorted(kinds, key=lambda name: not getattr(kinds[name], "identifies_caller", False))
        readers = {name: self._reader(name, kinds[name]) for name in first}
        for kind in kinds.values():
            self._prepare(kind, method)

        def answer(request: Request) -> Response:
            return operation(**{name: read(request) for name, read in readers.items()})

        self._operations[method] = answer
        return operation

    def _reader(self, name: str, kind: type[Input]) -> Callable[[Request], Any]:
        if name in self._path_parameters:
            parameter = self._path_parameters[name]
            return lambda request: request.path_parameters.get(parameter, "")
        return kind.from_request

    def _prepare(self, kind: type[Input], method: str) -> None:
        prepare = getattr(kind, "prepare", None)
        if prepare is not None and "GET" in {method, *self._operations}:
            # Most requests to this path only read, and need none of it.
            startup.prepare_ahead(prepare)
        elif prepare is not None:
            startup.prepare(prepare)

    def _log(self, request: Request, response: Response, error: Exception | None, seconds: float) -> None:
        fields = {
            "requestId": request.id,
            "method": request.method,
            "route": self.path,
            "status": response.status.value,
            "durationMs": round(seconds * 1000, 1),
            "coldStart": self._cold,
            "ip": request.ip,
        }
        self._cold = False
        if request.caller_id is not None:
            fields["userId"] = request.caller_id
        if isinstance(error, Error):
            fields["code"] = error.code
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            metrics.count("ServerErrors")
            logs.logger.error("request failed", extra={"fields": fields}, exc_info=error)
        else:
            logs.logger.info("request", extra={"fields": fields})


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
