"""What is recorded of a request besides its line on the terminal: its exchange, and why a browser refuses the response.

An exchange has everything that was sent, secrets too. It must not be kept: `local.page.history` keeps a masked copy.
"""

import re
from dataclasses import dataclass
from typing import IO

from flask import Response, request

from local.template import Cors

# Larger bodies are not recorded: only their size is.
MAX_RECORDED = 256 * 1024
# A browser sends these without asking, whatever the response to the preflight request says.
# https://fetch.spec.whatwg.org/#cors-safelisted-method
_ALWAYS_ALLOWED_METHODS = frozenset({"GET", "HEAD", "POST"})
_MAX_SHOWN = 200
_UNPRINTABLE = re.compile(r"[^!-~]")

HeaderPairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Message:
    """A request or a response. `size` is in bytes, None if unknown.

    `body` is None if it is larger than MAX_RECORDED, or was not read.
    """

    headers: HeaderPairs
    body: bytes | None
    size: int | None


@dataclass(frozen=True)
class Exchange:
    """A request and its response, as they were sent. `query` is the part of the URL after the question mark."""

    query: str
    request: Message
    response: Message


def capture(response: Response, body: IO[bytes] | None) -> Exchange:
    """Return the current request and its response. `body` is the request's; None if it was refused unread."""
    asked = Message(tuple(request.headers.items()), *((None, None) if body is None else _read(body)))
    data = None if response.is_streamed else response.get_data()
    size = None if data is None else len(data)
    kept = data if size is not None and size <= MAX_RECORDED else None
    answered = Message(tuple(response.headers.items()), kept, size)
    return Exchange(request.query_string.decode("utf-8", "replace"), asked, answered)


def _read(file: IO[bytes]) -> tuple[bytes | None, int]:
    size = file.seek(0, 2)
    if size > MAX_RECORDED:
        return None, size
    file.seek(0)
    return file.read(), size


def cors_refusal(response: Response, cors: Cors) -> str:
    """Return why a browser keeps this response from the page that sent the request, or empty if it does not.

    `response` has its CORS headers already. https://fetch.spec.whatwg.org/#cors-check
    """
    origin = request.headers.get("Origin")
    # Neither the API's own pages nor the forms and links of other pages need permission.
    is_own = origin is not None and origin.lower() == f"http://{request.host}".lower()
    if origin is None or is_own or request.headers.get("Sec-Fetch-Mode", "cors") != "cors":
        return ""
    if response.headers.get("Access-Control-Allow-Origin") not in {"*", origin}:
        if not cors.origins:
            return "template.yaml has no CorsConfiguration, so browsers keep responses from pages of other origins"
        return f"{_shown(origin)} is not in CorsOrigins; set it in .env.local, with the localhost origins that you need"
    is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    return _preflight_refusal(response) if is_preflight else ""


def _preflight_refusal(response: Response) -> str:
    method = request.headers["Access-Control-Request-Method"]
    if method not in _ALWAYS_ALLOWED_METHODS and not _allows(response, "Methods", method):
        return f"method {_shown(method)} is not in AllowMethods of template.yaml"
    asked = _parts(request.headers.get("Access-Control-Request-Headers", ""))
    refused = [name for name in asked if not _allows(response, "Headers", name)]
    if not refused:
        return ""
    names = ", ".join(map(_shown, refused))
    subject = f"header {names} is" if len(refused) == 1 else f"headers {names} are"
    return f"{subject} not in AllowHeaders of template.yaml"


def _allows(response: Response, what: str, name: str) -> bool:
    allowed = _parts(response.headers.get(f"Access-Control-Allow-{what}", ""))
    # With credentials, the asterisk is a name like any other; and it never allows Authorization.
    is_any = "*" in allowed and "Access-Control-Allow-Credentials" not in response.headers
    return name.lower() in allowed or (is_any and name.lower() != "authorization")


def _parts(value: str) -> list[str]:
    return [part.strip().lower() for part in value.split(",") if part.strip()]


def _shown(text: str) -> str:
    """Return a text from a request as it may be printed on a terminal."""
    return _UNPRINTABLE.sub("?", text)[:_MAX_SHOWN]
