"""What `durable.py` needs to put requests to an ASGI application itself."""

import asyncio

from local.server import App, Message, Scope

Headers = list[tuple[bytes, bytes]]

# The loop itself keeps its tasks by weak references only.
_running: set[asyncio.Task[None]] = set()


class Answer:
    """What an application sent for one request."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def add(self, message: Message) -> None:
        """Take one message of the application's."""
        self.messages.append(message)

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.messages[0]["status"])

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(message.get("body", b"") for message in self.messages[1:])


def http_scope(method: str, path: str, query: bytes, headers: Headers) -> Scope:
    """The scope of a request. `path` is decoded, `query` is not."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query,
        "headers": headers,
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        "extensions": {},
    }


async def ask(app: App, scope: Scope, body: bytes) -> Answer:
    """Have the application answer one request."""
    answer = Answer()
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    await app(scope, receive, answer.add)
    return answer


async def start(app: App) -> None:
    """Run the application's start-up; its lifespan task is left waiting for an end that comes without notice."""
    started = asyncio.get_running_loop().create_future()
    messages: list[Message] = [{"type": "lifespan.startup"}]

    async def receive() -> Message:
        if not messages:
            await asyncio.get_running_loop().create_future()
        return messages.pop()

    async def send(message: Message) -> None:
        started.set_result(message["type"])

    task = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send))
    await asyncio.wait([task, started], return_when=asyncio.FIRST_COMPLETED)
    if not started.done() or started.result() != "lifespan.startup.complete":
        raise RuntimeError("the application did not start")
    _running.add(task)
