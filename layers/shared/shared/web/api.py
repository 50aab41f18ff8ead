"""A path of the API and its verbs, from the event to the response.

A function serves one path. Its file makes an `Api` for the path, exports its `handler` to Lambda, and declares one
operation for each verb:

    api = Api("/api/users/{userId}", mostly="GET")
    handler = api.handler

    @api.get(errors=(UserNotFound,))
    def read(user_id: str, caller: Caller) -> Versioned[PublicUser]: ...

A parameter named after a part of the path receives that part, and one of type `Client` the origin of the request. The
type of any other parameter has a class method `from_request`, which reads it from the request or raises the error that
the caller gets: the caller (`shared.web.caller`), a body, a query or a header (`shared.web.inputs`). The caller is read
first, so that nobody learns anything about the input before signing in.

The return type is a kind of response and the shape of its content (`shared.web.responses`). It is not evaluated here,
so shapes are imported for types only. `errors` are those of the operation itself; each type of input adds its
`input_errors`. docs/openapi.json is made from these declarations, and a response that it does not describe fails the
tests.

Such a type may also have a class method `load`, which imports and builds what reading needs, such as pydantic or the
verification of tokens. It is called during the cold start, but `from_request` must not rely on that: a path that serves
`mostly` one verb loads only what that verb needs, and the first request of another verb loads the rest. Environments
that start before any request load everything.

No call to AWS begins later than `deadline` seconds after the request (`shared.core.deadlines`).
"""

import inspect
import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, TypeVar, get_type_hints, overload

from shared.core import deadlines, logs, metrics, startup
from shared.core.errors import Error, ErrorTypes, InvalidCredentials, InvalidOneTimeToken, Unavailable
from shared.values.client import Client
from shared.web.conditional import answer_conditionally
from shared.web.proxies import identify_client
from shared.web.request import Event, MethodNotAllowed, Request
from shared.web.responses import Response, failure, status_of

if TYPE_CHECKING:
    from shared.records.limits import Limit

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Function = TypeVar("Function", bound=Callable[..., Response])


class Operation(NamedTuple):
    """What a path does for one verb. `inputs` are the types of its parameters, and `respond` answers a request."""

    method: Method
    function: Callable[..., Response]
    inputs: Mapping[str, Any]
    limit: "Limit | None"
    errors: ErrorTypes
    respond: Callable[[Request], Response]


class Verb:
    """Declares the operation of a verb: `@api.post`, or `@api.post(limit=…, errors=…)`.

    A `limit` bounds the requests of a client whose input is valid.
    """

    def __init__(self, api: "Api", method: Method) -> None:
        self._api = api
        self._method = method

    @overload
    def __call__(self, function: Function) -> Function: ...

    @overload
    def __call__(self, *, limit: "Limit | None" = None, errors: ErrorTypes = ()) -> Callable[[Function], Function]: ...

    def __call__(
        self, function: Function | None = None, *, limit: "Limit | None" = None, errors: ErrorTypes = ()
    ) -> Function | Callable[[Function], Function]:
        """Declare the operation, or return the decorator that does."""

        def declare(function: Function) -> Function:
            self._api.declare(self._method, function, limit, errors)
            return function

        return declare(function) if function is not None else declare


class Api:
    """One path and its verbs. `handler` is what Lambda calls, and `failed` returns the response for an error.

    With `redirects_errors`, that redirects a browser, except after a wrong verb, and no other error is documented.
    """

    def __init__(
        self,
        path: str,
        *,
        mostly: Method | None = None,
        deadline: float = 5,
        failed: Callable[[Request, Exception], Response] | None = None,
        redirects_errors: bool = False,
    ) -> None:
        self.path = path
        self.redirects_errors = redirects_errors
        self._deadline = deadline
        self._failed = failed or _failed
        self._mostly = None if startup.starts_before_requests() else mostly
        self.operations: dict[str, Operation] = {}
        self.get = Verb(self, "GET")
        self.post = Verb(self, "POST")
        self.put = Verb(self, "PUT")
        self.patch = Verb(self, "PATCH")
        self.delete = Verb(self, "DELETE")
        self._path_parameters = {_snake_case(name): name for name in re.findall(r"{(\w+)}", path)}
        self._is_cold = True

    @property
    def methods(self) -> list[str]:
        """The verbs of this path, in the order of their declaration."""
        return list(self.operations)

    def handler(self, event: Event, _context: object) -> Event:
        """Handle one request."""
        started = time.perf_counter()
        request = Request(event)
        try:
            with deadlines.within(self._deadline):
                identify_client(request)
                response = self._operation(request.method).respond(request)
            if request.method in {"GET", "HEAD"}:
                response = answer_conditionally(request, response)
            error = None
        except Exception as raised:  # noqa: BLE001  # the one place where exceptions become responses
            error = raised
            response = self._failed(request, raised)
        if request.quota is not None:
            response = response.with_headers(request.quota.headers())
        self._log(request, response, error, time.perf_counter() - started)
        answer = response.to_event(request.id)
        if request.method == "HEAD" and "GET" in self.operations:
            answer.pop("body", None)
        return answer

    def _operation(self, method: str) -> Operation:
        try:
            # HEAD is GET without the body (RFC 9110, 9.3.2).
            return self.operations["GET" if method == "HEAD" else method]
        except KeyError:
            raise MethodNotAllowed(method, self.methods) from None

    def declare(
        self, method: Method, function: Callable[..., Response], limit: "Limit | None", errors: ErrorTypes
    ) -> None:
        """Declare the operation of a verb. Handlers use the decorators `get` to `delete`."""
        inputs = _types_of_parameters(function)
        # The caller comes first, whatever the order of the parameters.
        names = sorted(inputs, key=lambda name: not getattr(inputs[name], "identifies_caller", False))
        readers = {name: self._reader(name, inputs[name]) for name in names}

        def respond(request: Request) -> Response:
            arguments = {name: read(request) for name, read in readers.items()}
            return function(**arguments) if limit is None else _within(limit, request, partial(function, **arguments))

        self.operations[method] = Operation(method, function, inputs, limit, errors, respond)
        loads = [kind.load for kind in inputs.values() if hasattr(kind, "load")]
        startup.finish(*(loads if self._mostly in {None, method} else []))

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
        # A form redirects browsers, so the status of its response does not tell.
        is_failure = error is not None and status_of(type(error)) >= HTTPStatus.INTERNAL_SERVER_ERROR
        if isinstance(error, Unavailable):
            # Not a defect of ours: what failed says more than a traceback.
            fields["cause"], error = error.cause, None
        if is_failure:
            metrics.count("ServerErrors")
            logs.logger.error("request failed", extra={"fields": fields}, exc_info=error)
        else:
            logs.logger.info("request", extra={"fields": fields})


def _types_of_parameters(function: Callable[..., Response]) -> dict[str, Any]:
    """Return the types of a function's parameters. The return type is not evaluated: see the top."""
    annotations = {name: kind for name, kind in function.__annotations__.items() if name != "return"}
    if annotations.keys() != inspect.signature(function).parameters.keys():
        raise TypeError(f"{function.__name__} has a parameter without a type")
    return get_type_hints(SimpleNamespace(__annotations__=annotations), function.__globals__)


def _failed(request: Request, error: Exception) -> Response:
    return failure(error, request.id)


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
