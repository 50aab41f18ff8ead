"""HTTP: the only module that knows what a request and a status are.

A function serves one path. Its file makes an `Api` for the path, names it as Lambda's entry point, and declares one
function for each verb:

    api = Api("/api/users/{userId}")
    handler = api.handler

    @api.get
    def read(user_id: str, caller: Caller) -> Response: ...

A parameter named after a part of the path receives that part. Any other receives what its type makes of the request,
by `from_request`: the caller (`shared.web.caller`), a body or query (`shared.web.inputs`), the client (`Client`).
Who is calling is found out first, so that a stranger learns nothing about the input.

Events are API Gateway's payload format 2.0, whether from AWS, `sam local` or the runner in `local/`.
"""

import inspect
import re
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Protocol, TypeVar, get_type_hints

from shared.core import logs, metrics, startup
from shared.core.errors import Error
from shared.values.client import Client
from shared.web.request import Event, MethodNotAllowed, Request
from shared.web.responses import Response, failure

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

    def _reader(self, name: str, kind: Any) -> Callable[[Request], Any]:
        if name in self._path_parameters:
            parameter = self._path_parameters[name]
            return lambda request: request.path_parameters.get(parameter, "")
        if kind is Client:
            return lambda request: request.client
        read: Callable[[Request], Any] = kind.from_request
        return read

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
