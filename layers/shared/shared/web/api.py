"""A path of the API and its verbs, from the event to the response.

A function serves one path. Its file makes an `Api` for the path, exports its `handler` to Lambda, and declares one
operation for each verb:

    api = Api("/api/users/{userId}", mostly="GET")
    handler = api.handler

    @api.get
    def read(user_id: str, caller: Caller) -> Response: ...

A parameter named after a part of the path receives that part, and one of type `Client` the origin of the request. The
type of any other parameter has a class method `from_request`, which reads it from the request or raises the error that
the caller gets: the caller (`shared.web.caller`), a body, a query or a header (`shared.web.inputs`). The caller is read
first, so that nobody learns anything about the input before signing in.

Such a type may also have a class method `load`, which imports and builds what reading needs, such as pydantic or the
verification of tokens. It is called during the cold start, but `from_request` must not rely on that: a path that serves
`mostly` one verb loads only what that verb needs, and the first request of another verb loads the rest. Environments
that start before any request load everything.

No call to AWS begins later than `deadline` seconds after the request (`shared.core.deadlines`).
"""

import inspect
import re
import time
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, get_type_hints, overload

from shared.core import deadlines, logs, metrics, startup
from shared.core.errors import Error, InvalidCredentials, InvalidOneTimeToken, Unavailable
from shared.values.client import Client
from shared.web.proxies import identify_client
from shared.web.request import Event, MethodNotAllowed, Request
from shared.web.responses import Response, failure

if TYPE_CHECKING:
    from shared.records.limits import Limit

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Operation = TypeVar("Operation", bound=Callable[..., Response])


class Api:
    """One path and its verbs. `handler` is what Lambda calls."""

    def __init__(self, path: str, *, mostly: Method | None = None, deadline: float = 5) -> None:
        self.path = path
        self._deadline = deadline
        self._mostly = None if startup.starts_before_requests() else mostly
        self._operations: dict[str, Callable[[Request], Response]] = {}
        self._path_parameters = {_snake_case(name): name for name in re.findall(r"{(\w+)}", path)}
        self._is_cold = True

    @property
    def methods(self) -> list[str]:
        """The verbs of this path, in the order of their declaration."""
        return list(self._operations)

    def get(self, operation: Operation) -> Operation:
        """Declare the operation for GET."""
        return self._declare("GET", operation)

    @overload
    def post(self, operation: Operation) -> Operation: ...

    @overload
    def post(self, *, limit: "Limit") -> Callable[[Operation], Operation]: ...

    def post(
        self, operation: Operation | None = None, *, limit: "Limit | None" = None
    ) -> Operation | Callable[[Operation], Operation]:
        """Declare the operation for POST. A `limit` bounds the requests of a client whose input is valid."""
        if operation is not None:
            return self._declare("POST", operation)
        return lambda declared: self._declare("POST", declared, limit)

    def put(self, operation: Operation) -> Operation:
        """Declare the operation for PUT."""
        return self._declare("PUT", operation)

    def patch(self, operation: Operation) -> Operation:
        """Declare the operation for PATCH."""
        return self._declare("PATCH", operation)

    def delete(self, operation: Operation) -> Operation:
        """Declare the operation for DELETE."""
        return self._declare("DELETE", operation)

    def handler(self, event: Event, _context: object) -> Event:
        """Handle one request."""
        started = time.perf_counter()
        request = Request(event)
        try:
            with deadlines.within(self._deadline):
                identify_client(request)
                response = self._operation(request.method)(request)
            error = None
        except Exception as raised:  # noqa: BLE001  # the one place where exceptions become responses
            error = raised
            response = failure(error, request.id)
        if request.quota is not None:
            response = response.with_headers(request.quota.headers())
        self._log(request, response, error, time.perf_counter() - started)
        answer = response.to_event(request.id)
        if request.method == "HEAD" and "GET" in self._operations:
            answer.pop("body", None)
        return answer

    def _operation(self, method: str) -> Callable[[Request], Response]:
        try:
            # HEAD is GET without the body (RFC 9110, 9.3.2).
            return self._operations["GET" if method == "HEAD" else method]
        except KeyError:
            raise MethodNotAllowed(method, self.methods) from None

    def _declare(self, method: Method, operation: Operation, limit: "Limit | None" = None) -> Operation:
        kinds = get_type_hints(operation)
        kinds.pop("return", None)
        if kinds.keys() != inspect.signature(operation).parameters.keys():
            raise TypeError(f"{operation.__name__} has a parameter without a type")
        # The caller comes first, whatever the order of the parameters.
        names = sorted(kinds, key=lambda name: not getattr(kinds[name], "identifies_caller", False))
        readers = {name: self._reader(name, kinds[name]) for name in names}

        def respond(request: Request) -> Response:
            arguments = {name: read(request) for name, read in readers.items()}
            return operation(**arguments) if limit is None else _within(limit, request, partial(operation, **arguments))

        self._operations[method] = respond
        loads = [kind.load for kind in kinds.values() if hasattr(kind, "load")]
        startup.finish(*(loads if self._mostly in {None, method} else []))
        return operation

    def _reader(self, name: str, kind: Any) -> Callable[[Request], Any]:
        if name in self._path_parameters:
            parameter = self._path_parameters[name]
            return lambda request: request.path_parameters.get(parameter, "")
        if kind is Client:
            return lambda request: request.client
        if not hasattr(kind, "from_request"):
            raise TypeError(
                f"{self.path}: the parameter {name} is neither a part of the path nor an input such as a Body"
            )
        read: Callable[[Request], Any] = kind.from_request
        return read

    def _log(self, request: Request, response: Response, error: Exception | None, seconds: float) -> None:
        fields = {
            "requestId": request.id,
            "method": request.method,
            "route": self.path,
            "status": response.status.value,
            "durationMs": round(seconds * 1000, 1),
            "coldStart": self._is_cold,
            "ip": request.ip,
        }
        self._is_cold = False
        if request.caller_id is not None:
            fields["userId"] = request.caller_id
        if isinstance(error, Error):
            fields["code"] = error.code
        if isinstance(error, Unavailable):
            # Not a defect of ours: what failed says more than a traceback.
            fields["cause"], error = error.cause, None
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            metrics.count("ServerErrors")
            logs.logger.error("request failed", extra={"fields": fields}, exc_info=error)
        else:
            logs.logger.info("request", extra={"fields": fields})


def _within(limit: "Limit", request: Request, operation: Callable[[], Response]) -> Response:
    """Count the request, and run the operation if the client is within the limit. Count it again if it is wrong."""
    request.quota = quota = limit.take(request.client)
    quota.check()
    try:
        return operation()
    except (InvalidCredentials, InvalidOneTimeToken):
        quota.fail()
        raise


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
