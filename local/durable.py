"""MiniStack, made durable. Run as a script by `cloud.py` with the Python of MiniStack's own environment; imports nothing of this package.

MiniStack keeps its state in memory and writes it down when it is asked to stop, so whatever ends it otherwise loses all of it. Here it
is a journalled database instead, and stopping it is the same as killing it:

- A request that changes something has its turn alone. When it has succeeded it is appended to the journal, and only then answered. So
  the journal has what was acknowledged, in the order in which it happened.
- A start loads the last snapshot and answers the journal's requests again, in that order.
- A snapshot is MiniStack's own, written into a folder `N+1.new` that is renamed to `N+1` when it is complete. The journal lives in
  the folder of the snapshot it continues, so this one rename switches both. The highest number counts.

The journal is flushed to the operating system, not to the disk: it survives the end of any process, not a power cut.

Two things MiniStack does not put into a snapshot. Records on a DynamoDB stream: hence a snapshot is refused unless every reader that the
runner names has read its stream to the end. Mails sent: each is appended to `mail.jsonl` as it is accepted, and never sent again.

The time to live of tables must not be given to MiniStack: it would delete by the clock, unjournalled, and a replay would differ.
`expiry.py` does it by ordinary requests.
"""

import argparse
import asyncio
import base64
import fcntl
import importlib
import json
import logging
import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, TypeAlias

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

# What the exit status tells `cloud.py`: starting again would not help. The last line of the log says why.
HOPELESS = 3
_READS = re.compile(r"Get|List|Describe|Query$|Scan$|BatchGet|TransactGet|Receive|Search")
_SENDS_MAIL = re.compile(r"/v2/email/outbound-(bulk-)?emails$|Send\w*Email$")
# What MiniStack needs of a request's headers to do the same again.
_KEPT_HEADERS = frozenset({b"authorization", b"content-encoding", b"content-type", b"host", b"x-amz-target"})
_SUCCESS = range(200, 300)


class DamagedError(Exception):
    """The data on disk cannot be used. The message names the file and the next step."""


class Generations:
    """The folders of the data directory: one snapshot and the journal that continues it."""

    def __init__(self, data: Path) -> None:
        self._data = data
        for leftover in data.glob("*.new"):
            shutil.rmtree(leftover)
        self.current = max((int(folder.name) for folder in data.iterdir() if folder.name.isdigit()), default=0)
        self.folder.mkdir(exist_ok=True)
        self._open()

    @property
    def folder(self) -> Path:
        """The folder of the current generation."""
        return self._data / str(self.current)

    @property
    def mails(self) -> Path:
        """Where accepted mails are written, one JSON object a line."""
        return self._data / "mail.jsonl"

    @property
    def journal_size(self) -> int:
        """Bytes in the journal."""
        return self._journal.tell()

    @property
    def snapshot_size(self) -> int:
        """Bytes in the current snapshot."""
        return sum(file.stat().st_size for file in self.folder.glob("*.json"))

    def entries(self) -> list[Any]:
        """The journal's entries. A last line that was not finished belongs to a request that was never answered: it goes."""
        path = self.folder / "journal.jsonl"
        lines = path.read_bytes().split(b"\n")
        if lines[-1]:
            os.truncate(path, path.stat().st_size - len(lines[-1]))
            self._open()
        try:
            return [json.loads(line) for line in lines[:-1]]
        except ValueError as problem:
            raise DamagedError(f"{path} is damaged ({problem}). Restore it, or start afresh by deleting {self._data.parent}.") from problem

    def append(self, entry: Any) -> None:
        """Add an entry to the journal; it is the operating system's when this returns."""
        self._journal.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")

    def prepare_next(self) -> Path:
        """An empty folder for the next snapshot."""
        folder = self._data / f"{self.current + 1}.new"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def switch(self, prepared: Path) -> None:
        """Make the prepared folder the current generation, on disk and in one step."""
        for path in (*prepared.iterdir(), prepared):
            _to_disk(path)
        previous = self.folder
        self.current += 1
        prepared.rename(self.folder)
        _to_disk(self._data)
        self._open()
        shutil.rmtree(previous)

    def _open(self) -> None:
        # Unbuffered: each append is one write to the operating system.
        self._journal = (self.folder / "journal.jsonl").open("ab", buffering=0)


class Durable:
    """An ASGI application around MiniStack's."""

    def __init__(self, app: App, persistence: Any, generations: Generations, notify: int) -> None:
        self._app, self._persistence, self._generations, self._notify = app, persistence, generations, notify
        self._turn = asyncio.Lock()
        # Emptied before MiniStack loads or saves its state: it logs what fails and goes on as if nothing were there.
        self._complaints = _Complaints(logging.ERROR)
        logging.getLogger().addHandler(self._complaints)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one connection scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == "/_durable":
            await self._manage(await _body(receive), scope["method"], send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _lifespan(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        async def send_when_replayed(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._complaints.must_be_empty(f"The snapshot in {self._generations.folder} cannot be read")
                await self._replay()
            await send(message)

        self._complaints.clear()
        await self._app(scope, receive, send_when_replayed)

    async def _replay(self) -> None:
        entries = self._generations.entries()
        different = 0
        for method, path, query, headers, body, status in entries:
            scope = _scope(method, path, query.encode(), [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers])
            answer = await self._ask(scope, base64.b64decode(body))
            different += answer.status != status
        print(f"replayed {len(entries)} requests, {different} of them with another outcome", flush=True)

    async def _serve(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        body = await _body(receive)
        operation = _operation(scope, body)
        if scope["method"] in {"GET", "HEAD"} or _READS.match(operation):
            await self._app(scope, _once(body, receive), send)
            return
        # A caller that goes away must not interrupt a change between its making and its recording.
        answer = await asyncio.shield(asyncio.create_task(self._change(scope, body, operation)))
        for message in answer.messages:
            await send(message)

    async def _change(self, scope: MutableMapping[str, Any], body: bytes, operation: str) -> "Answer":
        async with self._turn:
            answer = await self._ask(scope, body)
            if answer.status in _SUCCESS:
                try:
                    if _SENDS_MAIL.search(operation):
                        await self._keep_mail(answer)
                    else:
                        self._generations.append(_entry(scope, body, answer.status))
                except OSError as problem:
                    # Memory is now ahead of the disk. Nobody may see that: end here, and start again from the journal.
                    print(f"The journal cannot be written: {problem}", file=sys.stderr, flush=True)
                    os._exit(1)
                if _operation_may_feed_streams(scope):
                    _ring(self._notify)
            return answer

    async def _keep_mail(self, answer: "Answer") -> None:
        listed = await self._ask(_scope("GET", "/_ministack/ses/messages", b"", []), b"")
        sent = answer.body.decode()
        mails = [mail for account in json.loads(listed.body)["messages"].values() for mail in account if mail["MessageId"] in sent]
        with self._generations.mails.open("ab", buffering=0) as file:
            file.write(b"".join(json.dumps(mail).encode() + b"\n" for mail in mails))

    async def _manage(self, body: bytes, method: str, send: Send) -> None:
        """GET: how things are. POST {"iterators", "above"}: write a snapshot if no stream has more after these shard iterators and
        the journal has more than `above` bytes.
        """
        wanted = json.loads(body) if method == "POST" else None
        async with self._turn:
            if wanted is not None and self._generations.journal_size > wanted["above"] and not await self._any_unread(wanted["iterators"]):
                await self._snapshot()
            state = {
                "generation": self._generations.current,
                "journal": self._generations.journal_size,
                "snapshot": self._generations.snapshot_size,
            }
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": json.dumps(state).encode()})

    async def _any_unread(self, iterators: list[dict[str, str]]) -> bool:
        for iterator in iterators:
            headers = [(b"x-amz-target", b"DynamoDBStreams_20120810.GetRecords"), (b"authorization", iterator["authorization"].encode())]
            request = json.dumps({"ShardIterator": iterator["iterator"], "Limit": 1}).encode()
            answer = await self._ask(_scope("POST", "/", b"", headers), request)
            if answer.status not in _SUCCESS or json.loads(answer.body)["Records"]:
                return True
        return False

    async def _snapshot(self) -> None:
        """Have MiniStack write its state, as it does when its server stops: that is the one public way to make it."""
        folder = self._generations.prepare_next()
        self._complaints.clear()
        self._persistence.STATE_DIR = str(folder)

        async def stop() -> Message:
            return {"type": "lifespan.shutdown"}

        async def ignore(_message: Message) -> None:
            return

        await self._app({"type": "lifespan", "asgi": {"version": "3.0"}}, stop, ignore)
        self._complaints.must_be_empty("The snapshot cannot be written")
        self._generations.switch(folder)
        self._persistence.STATE_DIR = str(self._generations.folder)

    async def _ask(self, scope: MutableMapping[str, Any], body: bytes) -> "Answer":
        answer = Answer()

        async def gone() -> Message:
            return {"type": "http.disconnect"}

        await self._app(scope, _once(body, gone), answer.add)
        return answer


class Answer:
    """What the application sent for one request."""

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


class _Complaints(logging.Handler):
    """Remembers what is logged as an error."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self._messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._messages.append(record.getMessage())

    def clear(self) -> None:
        self._messages.clear()

    def must_be_empty(self, what: str) -> None:
        if self._messages:
            # Going on would show an empty database, and the next snapshot would make it true.
            print(f"{what}: {self._messages[0]}", file=sys.stderr, flush=True)
            os._exit(HOPELESS)


def _operation(scope: MutableMapping[str, Any], body: bytes) -> str:
    """The AWS operation: `PutItem` of a JSON request, the Action of a form, the path of a REST request."""
    for name, value in scope["headers"]:
        if name == b"x-amz-target":
            return str(value.decode("latin-1").rpartition(".")[2])
    action = re.search(rb"(?:^|&)Action=(\w+)", body)
    return action[1].decode() if action else str(scope["path"])


def _operation_may_feed_streams(scope: MutableMapping[str, Any]) -> bool:
    return any(name == b"x-amz-target" and value.startswith(b"DynamoDB_") for name, value in scope["headers"])


def _entry(scope: MutableMapping[str, Any], body: bytes, status: int) -> Any:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"] if name in _KEPT_HEADERS]
    return [scope["method"], scope["path"], scope["query_string"].decode("latin-1"), headers, base64.b64encode(body).decode(), status]


def _scope(method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]]) -> MutableMapping[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": headers,
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        "extensions": {},
    }


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _once(body: bytes, then: Receive) -> Receive:
    """A receive that gives this body, and afterwards what `then` gives."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else await then()

    return receive


def _ring(fd: int) -> None:
    """Tell the runner that a stream may have something new. A full pipe has told it already."""
    try:
        os.write(fd, b".")
    except OSError:
        return


def _to_disk(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _end_with(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(0)


def main() -> None:
    """Serve until killed, or until the runner is gone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    for descriptor in ("--listen", "--notify", "--lifeline"):
        parser.add_argument(descriptor, type=int, required=True)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(arguments.lifeline,), daemon=True).start()
    os.set_blocking(arguments.notify, False)

    # A predecessor whose runner was killed may have a few milliseconds to live. The lock is held until this process ends.
    lock = (arguments.data / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    generations = Generations(arguments.data)

    # MiniStack reads its environment while it is imported.
    os.environ |= {"PERSIST_STATE": "1", "STATE_DIR": str(generations.folder)}
    ministack = importlib.import_module("ministack.app")
    persistence = importlib.import_module("ministack.core.persistence")
    hypercorn = importlib.import_module("hypercorn.asyncio")
    config = importlib.import_module("hypercorn.config").Config()
    config.bind = [f"fd://{arguments.listen}"]
    config.keep_alive_timeout = 3600
    config.errorlog = logging.getLogger("hypercorn.error")
    try:
        asyncio.run(hypercorn.serve(Durable(ministack.app, persistence, generations, arguments.notify), config))
    except DamagedError as problem:
        print(problem, file=sys.stderr, flush=True)
        sys.exit(HOPELESS)


if __name__ == "__main__":
    # The name is kept so that it stays open: closing it would unlock.
    main()
