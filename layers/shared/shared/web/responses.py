"""The response: JSON, the headers that all responses share, and the status of each kind of error."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple

from shared.core.errors import (
    Conflict,
    Error,
    Forbidden,
    Invalid,
    InvalidInput,
    InvalidToken,
    NotFound,
    ReauthenticationRequired,
    SessionEnded,
    Stale,
    TokenExpired,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from shared.web.request import BodyTooLarge, Event, MethodNotAllowed, UnsupportedMediaType

# From the OWASP cheat sheets HTTP Headers and REST Security; only what applies to an API that serves no pages.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}


class Response(NamedTuple):
    """A response. `body` is a JSON object, or None for no body."""

    body: Mapping[str, Any] | None = None
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = MappingProxyType({})

    def with_headers(self, headers: Mapping[str, str]) -> "Response":
        """Return this response with further headers."""
        return self._replace(headers={**self.headers, **headers})

    def to_event(self, request_id: str) -> Event:
        """Return the response in API Gateway's format."""
        headers = {**_HEADERS, "X-Request-Id": request_id, **self.headers}
        event: Event = {"statusCode": self.status.value, "headers": headers}
        if self.body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
            event["body"] = json.dumps(self.body, ensure_ascii=False, separators=(",", ":"))
        return event


def data(value: Any, status: HTTPStatus = HTTPStatus.OK, **headers: str) -> Response:  # any JSON
    """Return a response with data. Header names are passed with underscores in place of hyphens."""
    return Response({"success": True, "data": value}, status, _dashed(headers))


def message(text: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return a response with a message."""
    return Response({"success": True, "message": text}, status)


def no_content() -> Response:
    """Return a 204 response."""
    return Response(status=HTTPStatus.NO_CONTENT)


def _dashed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): text for name, text in headers.items()}


# Errors -------------------------------------------------------------------------------------------

# The statuses of all kinds of errors. `shared.core.errors` shows the subclasses of each.
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
    """Return the response for an error. For an unexpected exception it does not reveal the cause."""
    status = next((_STATUSES[kind] for kind in type(error).__mro__ if kind in _STATUSES), None)
    if status is None or not isinstance(error, Error):
        status, code, text = HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong on our side"
    else:
        code, text = error.code, error.message
    body: dict[str, Any] = {"success": False, "message": text, "code": code, "requestId": request_id}
    headers = {}
    match error:
        case InvalidInput(fields=fields) if fields:
            body["errors"] = [{"field": each.field, "message": each.message} for each in fields]
        case ReauthenticationRequired(methods=methods):
            body["methods"] = methods
        case InvalidToken() | TokenExpired() | SessionEnded():
            # RFC 6750, 3.1: an access token was sent.
            headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        case Unauthenticated():
            headers["WWW-Authenticate"] = "Bearer"
        case MethodNotAllowed():
            headers["Allow"] = error.allowed
        case TooManyRequests() | Unavailable():
            headers["Retry-After"] = str(error.retry_after)
    return Response(body, status, headers)
