"""The HTTP server in front of the gateway and in front of MiniStack: uvicorn on a listening socket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, TypeAlias

import uvicorn

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

# How long a connection may wait for its next request, or in the middle of one for more of it.
READ_SECONDS = 75


class ClientGoneError(Exception):
    """The client closed the connection before its request was complete."""


class TooLargeError(Exception):
    """The body is larger than the limit."""


def make_server(app: App, protocol: str | type[asyncio.Protocol]) -> uvicorn.Server:
    """Return a server for an ASGI application. `protocol`, a class or uvicorn's name of one, parses the requests."""
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=protocol,
        ws="none",
        interface="asgi3",
        # The applications have no start or shutdown events.
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        # The address of the caller never comes from a header.
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=READ_SECONDS,
    )
    return uvicorn.Server(config)


async def read_body(receive: Receive, limit: int) -> bytes:
    """Return the whole body of a request. Raises ClientGoneError, TooLargeError (as soon as `limit` is passed)."""
    return b"".join([part async for part in body_parts(receive, limit)])


async def body_parts(receive: Receive, limit: int) -> AsyncIterator[bytes]:
    """Yield the parts of a request's body, as they arrive. Raises like `read_body`."""
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        part: bytes = message.get("body", b"")
        length += len(part)
        if length > limit:
            raise TooLargeError
        yield part
        if not message.get("more_body"):
            return
