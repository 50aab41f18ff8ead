"""The request: an API Gateway event (HTTP API, payload format 2.0), and what can be wrong with it as HTTP.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
from collections.abc import Mapping
from functools import cached_property
from typing import Any, TypeAlias

from shared.core.errors import Error, InvalidInput
from shared.values.client import Client

Event: TypeAlias = dict[str, Any]
LARGEST_BODY = 1024 * 1024


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
    def client(self) -> Client:
        """Where the request comes from, and who is calling once `Caller` has read that."""
        return Client(
            ip=self.ip,
            user_agent=self.headers.get("user-agent", ""),
            caller_id=self.caller_id or "",
            request_id=self.id,
        )

    @property
    def content_type(self) -> str:
        """The media type of the body without its parameters, in lower case; empty if none is named."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


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
