"""The request: an API Gateway event (HTTP API, payload format 2.0), and the errors specific to HTTP.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from shared.core.errors import Error, InvalidInput
from shared.values.client import Client

if TYPE_CHECKING:
    from shared.records.limits import Quota

Event: TypeAlias = dict[str, Any]
_MAX_BODY_SIZE = 1024 * 1024


class Request:
    """A request from API Gateway. Header names are in lower case."""

    def __init__(self, event: Event) -> None:
        self._event = event
        context = event.get("requestContext") or {}
        http = context.get("http") or {}
        self.id: str = context.get("requestId", "")
        self.method: str = http.get("method", "")
        self.headers: Mapping[str, str] = {name.lower(): text for name, text in (event.get("headers") or {}).items()}
        # The client's, unless `shared.web.proxies` finds that a trusted proxy has passed on the request.
        self.ip: str = http.get("sourceIp", "")
        self.user_agent: str = self.headers.get("user-agent", "")
        self.path_parameters: Mapping[str, str] = event.get("pathParameters") or {}
        self.query: Mapping[str, str] = event.get("queryStringParameters") or {}
        self.caller_id: str | None = None
        self.quota: Quota | None = None

    @cached_property
    def body(self) -> bytes:
        """The body as it was sent. Gateways pass some bodies as text and others as base64.

        Raises:
            UnsupportedEncoding: the body is compressed.
            BodyTooLarge: the body is larger than 1 MB.
            InvalidInput: the body is marked as base64 but is not valid base64.

        """
        text: str = self._event.get("body") or ""
        if text and self.headers.get("content-encoding", "").strip().lower() not in {"", "identity"}:
            raise UnsupportedEncoding
        try:
            body = base64.b64decode(text, validate=True) if self._event.get("isBase64Encoded") else text.encode()
        except ValueError as error:
            raise InvalidInput("The body cannot be decoded") from error
        if len(body) > _MAX_BODY_SIZE:
            raise BodyTooLarge
        return body

    def cookie(self, name: str) -> str:
        """Return the value of a cookie, or "". API Gateway passes cookies on beside the headers, emulators in one."""
        cookies = self._event.get("cookies") or self.headers.get("cookie", "").split(";")
        pairs = (cookie.strip().partition("=") for cookie in cookies)
        return next((value for key, _, value in pairs if key == name), "")

    @property
    def client(self) -> Client:
        """The client that sent the request, with the caller's id once `Caller` has authenticated the caller."""
        return Client(
            ip=self.ip,
            user_agent=self.user_agent,
            caller_id=self.caller_id or "",
            request_id=self.id,
        )

    @property
    def content_type(self) -> str:
        """The media type of the body, in lower case and without parameters; empty if the header is missing."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class MethodNotAllowed(Error):
    """The path does not support this verb."""

    code = "method_not_allowed"

    def __init__(self, method: str, allowed: list[str]) -> None:
        self.message = f"Method {method} Not Allowed"
        self.allowed = ", ".join(allowed)


class BodyTooLarge(Error):
    """The body is larger than 1 MB."""

    code = "body_too_large"
    message = "The body must not be larger than 1 MB"


class UnsupportedMediaType(Error):
    """The path does not accept the body's media type, or the body is compressed."""

    code = "unsupported_media_type"

    def __init__(self, *accepted: str) -> None:
        self.message = f"Content-Type must be {' or '.join(accepted)}"


class UnsupportedEncoding(UnsupportedMediaType):
    """The body is compressed (RFC 9110, 15.5.16)."""

    def __init__(self) -> None:
        self.message = "Content-Encoding must be identity: send the body uncompressed"
