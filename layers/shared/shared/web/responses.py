"""The kinds of responses, the headers that all of them share, and the status of each kind of error."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast

from shared.core.errors import (
    Conflict,
    Error,
    Forbidden,
    Invalid,
    InvalidInput,
    InvalidToken,
    MfaRequired,
    NotFound,
    ReauthenticationRequired,
    SessionEnded,
    Stale,
    TokenExpired,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)
from shared.web.request import BodyTooLarge, Event, MethodNotAllowed, UnsupportedEncoding, UnsupportedMediaType

# From the OWASP cheat sheets HTTP Headers and REST Security. `Html` replaces the policy.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}


Shape = TypeVar("Shape")


class Response:
    """A response: its status, its headers, its body, which is a JSON object, a text, or None, and perhaps a cookie.

    An operation returns one of the kinds below, and its return type says which, with the shape of what is inside:
    `Data[PublicUser]`. The shapes are in `shared.shapes`.
    """

    __slots__ = ("body", "cookie", "headers", "status")

    def __init__(
        self,
        body: Mapping[str, Any] | str | None = None,
        status: HTTPStatus = HTTPStatus.OK,
        headers: Mapping[str, str] = MappingProxyType({}),
        cookie: str = "",
    ) -> None:
        self.body = body
        self.status = status
        self.headers = headers
        self.cookie = cookie

    def with_headers(self, headers: Mapping[str, str]) -> "Response":
        """Return this response with further headers."""
        return Response(self.body, self.status, {**self.headers, **headers}, self.cookie)

    def to_event(self, request_id: str) -> Event:
        """Return the response in API Gateway's format."""
        headers = {**_HEADERS, "X-Request-Id": request_id, **self.headers}
        event: Event = {"statusCode": self.status.value, "headers": headers}
        if self.body is not None:
            headers.setdefault("Content-Type", "application/json; charset=utf-8")
            is_text = isinstance(self.body, str)
            event["body"] = self.body if is_text else json.dumps(self.body, ensure_ascii=False, separators=(",", ":"))
        if self.cookie:
            event["cookies"] = [self.cookie]
        return event


class Data(Response, Generic[Shape]):
    """200: `{"success": true, "data": …}`."""

    def __init__(self, data: Shape) -> None:
        super().__init__({"success": True, "data": data})


class Serialized(Response, Generic[Shape]):
    """200: like `Data`, from the text of the whole JSON: for what is too large to build as objects."""

    def __init__(self, text: str) -> None:
        super().__init__(text)


class Versioned(Response, Generic[Shape]):
    """200: like `Data`, with the version of what was read in the header `ETag`."""

    def __init__(self, data: Shape, version: int | str) -> None:
        super().__init__({"success": True, "data": data}, headers={"ETag": f'"{version}"'})


class Created(Response, Generic[Shape]):
    """201: like `Data`, with the path of what was created in the header `Location`, if it can be read there."""

    def __init__(self, data: Shape, location: str | None = None) -> None:
        headers = {"Location": location} if location is not None else {}
        super().__init__({"success": True, "data": data}, HTTPStatus.CREATED, headers)


class Page(Response, Generic[Shape]):
    """200: `{"success": true, "data": […], "nextCursor": …}`, with the next page's path in the header `Link`.

    `shared.web.pages.page` creates it. Without a `cursor` it is the last page.
    """

    def __init__(self, items: Sequence[Shape], cursor: str | None, next_path: str) -> None:
        headers = {"Link": f'<{next_path}>; rel="next"'} if cursor is not None else {}
        super().__init__({"success": True, "data": items, "nextCursor": cursor}, headers=headers)


class Success(Response, Generic[Shape]):
    """200: `{"success": true}` and the fields of the shape."""

    def __init__(self, fields: Shape) -> None:
        super().__init__({"success": True, **cast("Mapping[str, Any]", fields)})


class Accepted(Response, Generic[Shape]):
    """202: like `Success`. What was requested happens later, or not at all, which the response does not reveal."""

    def __init__(self, fields: Shape) -> None:
        super().__init__({"success": True, **cast("Mapping[str, Any]", fields)}, HTTPStatus.ACCEPTED)


class Plain(Response, Generic[Shape]):
    """200: the shape alone, as a standard requires."""

    def __init__(self, body: Shape, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__(cast("Mapping[str, Any]", body), headers=headers)


def digest(value: Any) -> str:  # any JSON
    """Return a hash of a value, as the version of what has no version of its own."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


class NoContent(Response):
    """204."""

    def __init__(self) -> None:
        super().__init__(status=HTTPStatus.NO_CONTENT)


class SeeOther(Response):
    """303: the result is at `Location`. A `cookie` is the text of `Set-Cookie`."""

    def __init__(self, location: str, cookie: str = "") -> None:
        super().__init__(status=HTTPStatus.SEE_OTHER, headers={"Location": location}, cookie=cookie)


class Html(Response):
    """A page for a browser, instead of the JSON of an error. `headers` have its Content-Security-Policy."""

    def __init__(self, text: str, status: HTTPStatus, headers: Mapping[str, str]) -> None:
        super().__init__(text, status, {**headers, "Content-Type": "text/html; charset=utf-8"})


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


class InternalError(Error):
    """A defect of ours. The response does not reveal the cause."""

    code = "internal_error"
    message = "Something went wrong on our side"


def status_of(kind: type[Exception]) -> HTTPStatus:
    """Return the status of an error: 500 for an exception that is not one of ours."""
    return next((_STATUSES[base] for base in kind.__mro__ if base in _STATUSES), HTTPStatus.INTERNAL_SERVER_ERROR)


def failure(error: Exception, request_id: str) -> Response:
    """Return the response for an error. For an unexpected exception it does not reveal the cause."""
    if not isinstance(error, Error):
        error = InternalError()
    body: dict[str, Any] = {
        "success": False,
        "message": error.message,
        "code": error.code,
        "requestId": request_id,
    }
    headers = {}
    match error:
        case InvalidInput(fields=fields) if fields:
            body["errors"] = [{"field": each.field, "message": each.message} for each in fields]
        case MfaRequired(token=token, methods=methods, expires_in=expires_in):
            body["mfa"] = {"token": token, "methods": methods, "expiresIn": expires_in}
        case ReauthenticationRequired(methods=methods):
            body["methods"] = methods
        case InvalidToken() | TokenExpired() | SessionEnded():
            # RFC 6750, 3.1: an access token was sent.
            headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        case Unauthenticated():
            headers["WWW-Authenticate"] = "Bearer"
        case UnsupportedEncoding():
            headers["Accept-Encoding"] = "identity"
        case MethodNotAllowed():
            headers["Allow"] = error.allowed
        case TooManyRequests() | Unavailable():
            headers["Retry-After"] = str(error.retry_after)
    return Response(body, status_of(type(error)), headers)
