"""MiniStack in this process: its ASGI application, and the state that it can load and save."""

import asyncio
import errno
import importlib
import logging
import os
import re
import sys
from pathlib import Path
from typing import Any

from local.asgi import Message, Scope

_SERVICES = "ministack.services."


class Response:
    """A response as the ASGI messages it consists of."""

    def __init__(self, messages: list[Message] | None = None) -> None:
        self.messages = messages or []

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.messages[0]["status"])

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(message.get("body", b"") for message in self.messages[1:])


class MiniStackApp:
    """MiniStack's ASGI application. Create only one in a process: MiniStack keeps its state in modules."""

    def __init__(self, folder: Path) -> None:
        # MiniStack reads its environment while it is imported.
        os.environ |= {"PERSIST_STATE": "1", "STATE_DIR": str(folder)}
        self._app = importlib.import_module("ministack.app").app
        self._persistence: Any = importlib.import_module("ministack.core.persistence")
        # If a file cannot be loaded or saved, MiniStack only logs an error and continues.
        self._errors = _Errors(logging.ERROR)
        logging.getLogger().addHandler(self._errors)

    async def start(self) -> None:
        """Load the state. Raises OSError when a file cannot be read."""
        started = asyncio.get_running_loop().create_future()

        async def receive() -> Message:
            if started.done():
                # MiniStack is never told to shut down, so there is no second message.
                await asyncio.get_running_loop().create_future()
            return {"type": "lifespan.startup"}

        async def send(message: Message) -> None:
            started.set_result(message["type"])

        self._errors.messages.clear()
        # The event loop holds tasks by weak references only; without this one the task could be collected.
        self._lifespan = asyncio.create_task(self._app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send))
        await asyncio.wait([self._lifespan, started], return_when=asyncio.FIRST_COMPLETED)
        if self._lifespan.done():
            self._lifespan.result()
        self._errors.raise_first()

    async def respond(self, scope: Scope, body: bytes) -> Response:
        """Return MiniStack's response to one request."""
        response = Response()
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return messages.pop() if messages else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            response.messages.append(message)

        await self._app(scope, receive, send)
        return response

    def save(self, folder: Path, *, dynamodb: bool) -> None:
        """Save the state of each service to a file, with or without DynamoDB's. Raises OSError.

        MiniStack replaces each file by a rename.
        """
        modules = {
            name.removeprefix(_SERVICES): module
            for name, module in sys.modules.items()
            if name.startswith(_SERVICES) and hasattr(module, "get_state")
        }
        if not dynamodb:
            modules.pop("dynamodb", None)
        self._errors.messages.clear()
        self._persistence.STATE_DIR = str(folder)
        self._persistence.save_all({name: module.get_state for name, module in modules.items()})
        self._errors.raise_first()


class _Errors(logging.Handler):
    """Collects the error messages of the log."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())

    def raise_first(self) -> None:
        """Raise the first message as OSError, if there is one."""
        if self.messages:
            # MiniStack logs the text of the exception.
            code = re.search(r"\[Errno (\d+)\]", self.messages[0])
            raise OSError(int(code[1]) if code else errno.EIO, self.messages[0])
