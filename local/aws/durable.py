"""MiniStack, made durable: the program of its process, run by `cloud.py` with the Python of MiniStack's environment.

MiniStack keeps its state in memory and writes it down when it is asked to stop, so whatever ends it otherwise loses all
of it. Here it is a journalled database instead, and stopping it is the same as killing it:

- A request that changes something has its turn alone. When it has succeeded it is appended to the journal, and only
  then answered. So the journal has what was acknowledged, in the order in which it happened.
- A start loads the last snapshot and answers the journal's requests again, in that order.
- A snapshot is MiniStack's own, written into a folder `N+1.new` that is renamed to `N+1` when it is complete. The
  journal lives in the folder of the snapshot it continues, so this one rename switches both. The highest number
  counts.

The journal is flushed to the operating system, not to the disk: it survives the end of any process, not a power cut.

Two things MiniStack does not put into a snapshot. Records on a DynamoDB stream: hence a snapshot is refused unless
every reader that the runner names has read its stream to the end. Mails sent: each is appended to `mail.jsonl` as it
is accepted, and never sent again.

The time to live of tables must not be given to MiniStack: it would delete by the clock, unjournalled, and a replay
would differ. `expiry.py` does it by ordinary requests.
"""

import argparse
import asyncio
import base64
import contextlib
import fcntl
import importlib
import json
import logging
import os
import random
import re
import socket
import sys
import threading
import uuid
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from local.aws.asgi import Answer, ask, http_scope, start
from local.aws.journal import DamagedError, Generations
from local.server import App, ClientGoneError, Message, Receive, Scope, Send, TooLargeError, make_server, read_body

# The exit status that tells `cloud.py` that starting again would not help. The last line of the log says why.
HOPELESS = 3
_READS = re.compile(r"Get|List|Describe|Query$|Scan$|BatchGet|TransactGet|Receive|Search")
_SENDS_MAIL = re.compile(r"/v2/email/outbound-(bulk-)?emails$|Send\w*Email$")
# What MiniStack needs of a request's headers to do the same again.
_KEPT_HEADERS = frozenset({b"authorization", b"content-encoding", b"content-type", b"host", b"x-amz-target"})
_SUCCESS = range(200, 300)
_LARGEST_BODY = 64 * 1024 * 1024
# Where the ids of the change at hand come from. Reads run beside it, and have none of their own.
_chance: ContextVar[random.Random | None] = ContextVar("_chance", default=None)


class Durable:
    """Answers requests from MiniStack's application, and keeps what they change."""

    def __init__(self, app: App, persistence: Any, generations: Generations, notify: int) -> None:
        self._app, self._persistence, self._generations, self._notify = app, persistence, generations, notify
        self._turn = asyncio.Lock()
        # Changes since the snapshot: the entries of the journal.
        self._changes = 0
        # MiniStack logs what it cannot load or save, and goes on as if nothing were there.
        self._complaints = _Complaints(logging.ERROR)
        logging.getLogger().addHandler(self._complaints)

    async def start(self) -> None:
        """Load the snapshot and replay the journal. Raises DamagedError."""
        self._complaints.messages.clear()
        await start(self._app)
        self._complaints.must_be_none(f"the snapshot in {self._generations.folder} cannot be read")
        different = 0
        for method, path, query, headers, body, status in self._generations.entries():
            scope = http_scope(method, path, query.encode("latin-1"), [_encoded(*header) for header in headers])
            different += (await self._change(scope, base64.b64decode(body))).status != status
            self._changes += 1
        print(f"Replayed {self._changes} requests, {different} with another outcome than before.", flush=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        try:
            body = await read_body(receive, _LARGEST_BODY)
        except ClientGoneError:
            return
        except TooLargeError:
            answer = _made(413, {"message": "The request is too large."})
        else:
            answer = await self._respond(scope, body)
        for message in answer.messages:
            await send(message)

    async def _respond(self, scope: Scope, body: bytes) -> Answer:
        if scope["path"] == "/_durable":
            return await self._manage(json.loads(body) if scope["method"] == "POST" else None)
        operation = _operation(scope, body)
        if scope["method"] in {"GET", "HEAD"} or _READS.match(operation):
            return await ask(self._app, scope, body)
        async with self._turn:
            # Mails are not sent again in a replay. Each has an id that no other has.
            change = ask(self._app, scope, body) if _SENDS_MAIL.search(operation) else self._change(scope, body)
            answer = await change
            if answer.status in _SUCCESS:
                try:
                    await self._keep(scope, body, operation, answer)
                except OSError as problem:
                    # Memory is now ahead of the disk. Nobody may see that: end, and begin again from the journal.
                    print(f"The journal cannot be written: {problem}", file=sys.stderr, flush=True)
                    os._exit(1)
        return answer

    async def _change(self, scope: Scope, body: bytes) -> Answer:
        """Do what a request asks. Ids that are made up on the way are the same when the journal is replayed."""
        token = _chance.set(random.Random(f"{self._generations.current}/{self._changes}"))  # noqa: S311 - ids, not secrets
        try:
            return await ask(self._app, scope, body)
        finally:
            _chance.reset(token)

    async def _keep(self, scope: Scope, body: bytes, operation: str, answer: Answer) -> None:
        if _SENDS_MAIL.search(operation):
            listed = await ask(self._app, http_scope("GET", "/_ministack/ses/messages", b"", []), b"")
            accounts = json.loads(listed.body)["messages"].values()
            sent = answer.body.decode()
            more = _forgotten(body)
            self._generations.add_mails(
                [mail | more for mails in accounts for mail in mails if mail["MessageId"] in sent]
            )
            return
        headers = [_decoded(*header) for header in scope["headers"] if header[0] in _KEPT_HEADERS]
        query = scope["query_string"].decode("latin-1")
        encoded = base64.b64encode(body).decode()
        self._generations.append([scope["method"], scope["path"], query, headers, encoded, answer.status])
        self._changes += 1
        # Tell the runner that a stream may have something new. A full pipe has told it already.
        with contextlib.suppress(BlockingIOError):
            os.write(self._notify, b".")

    async def _manage(self, wanted: dict[str, Any] | None) -> Answer:
        """Tell how the data are. For {"iterators", "above"} first write a snapshot, if no stream has more to read at
        these shard iterators and the journal has more than `above` bytes.
        """  # noqa: D205 - one sentence that is longer than a line
        async with self._turn:
            if wanted and self._generations.journal_size > wanted["above"] and await self._all_read(wanted):
                await self._snapshot()
            state = {
                "generation": self._generations.current,
                "journal": self._generations.journal_size,
                "snapshot": self._generations.snapshot_size,
            }
        return _made(200, state)

    async def _all_read(self, wanted: dict[str, Any]) -> bool:
        headers = [
            (b"authorization", wanted["authorization"].encode()),
            (b"x-amz-target", b"DynamoDBStreams_20120810.GetRecords"),
        ]
        for iterator in wanted["iterators"]:
            request = json.dumps({"ShardIterator": iterator, "Limit": 1}).encode()
            answer = await ask(self._app, http_scope("POST", "/", b"", headers), request)
            if answer.status not in _SUCCESS or json.loads(answer.body)["Records"]:
                return False
        return True

    async def _snapshot(self) -> None:
        """Have MiniStack write its state, as when its server stops: the one public way to make it do so."""
        folder = self._generations.prepare_next()
        self._complaints.messages.clear()
        self._persistence.STATE_DIR = str(folder)

        async def stop() -> Message:
            return {"type": "lifespan.shutdown"}

        async def ignore(_message: Message) -> None:
            return

        await self._app({"type": "lifespan", "asgi": {"version": "3.0"}}, stop, ignore)
        self._complaints.must_be_none("the snapshot cannot be written")
        self._generations.switch(folder)
        self._changes = 0
        self._persistence.STATE_DIR = str(self._generations.folder)


class _Complaints(logging.Handler):
    """Remembers what is logged as an error."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())

    def must_be_none(self, what: str) -> None:
        """End the process if there are any: going on would show an empty database, and keep it."""
        if self.messages:
            _give_up(f"{what}: {self.messages[0]}")


def _made(status: int, value: Any) -> Answer:
    answer = Answer()
    answer.messages = [
        {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]},
        {"type": "http.response.body", "body": json.dumps(value).encode()},
    ]
    return answer


def _operation(scope: Scope, body: bytes) -> str:
    """The AWS operation: `PutItem` of a JSON request, the Action of a form, the path of a REST request."""
    for name, value in scope["headers"]:
        if name == b"x-amz-target":
            return str(value.decode("latin-1").rpartition(".")[2])
    action = re.search(rb"(?:^|&)Action=(\w+)", body)
    return action[1].decode() if action else str(scope["path"])


def _forgotten(body: bytes) -> dict[str, Any]:
    """What MiniStack does not keep of a SendEmail (SES API v2): where answers go, and the mail's own headers."""
    try:
        request = json.loads(body)
        simple = request["Content"]["Simple"]
        return {"ReplyTo": request.get("ReplyToAddresses") or [], "Headers": simple.get("Headers") or []}
    # Another operation that sends.
    except (ValueError, KeyError, TypeError):
        return {}


def _decoded(name: bytes, value: bytes) -> tuple[str, str]:
    return name.decode("latin-1"), value.decode("latin-1")


def _encoded(name: str, value: str) -> tuple[bytes, bytes]:
    return name.encode("latin-1"), value.encode("latin-1")


def _give_up(reason: str) -> None:
    print(reason, file=sys.stderr, flush=True)
    os._exit(HOPELESS)


def _end_with(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(0)


def _make_ids_repeatable() -> None:
    """ARNs and message ids of MiniStack have parts of random UUIDs, and later requests name them."""
    by_chance = uuid.uuid4

    def uuid4() -> uuid.UUID:
        chance = _chance.get()
        return uuid.UUID(int=chance.getrandbits(128), version=4) if chance else by_chance()

    uuid.uuid4 = uuid4


async def _serve(generations: Generations, sock: socket.socket, notify: int) -> None:
    _make_ids_repeatable()
    # MiniStack reads its environment while it is imported.
    os.environ |= {"PERSIST_STATE": "1", "STATE_DIR": str(generations.folder)}
    ministack = importlib.import_module("ministack.app")
    persistence = importlib.import_module("ministack.core.persistence")
    durable = Durable(ministack.app, persistence, generations, notify)
    try:
        await durable.start()
    except DamagedError as problem:
        _give_up(str(problem))
    await make_server(durable, "httptools").serve(sockets=[sock])


def main() -> None:
    """Serve until killed, or until the runner is gone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    for descriptor in ("--listen", "--notify", "--lifeline"):
        parser.add_argument(descriptor, type=int, required=True)
    arguments = parser.parse_args()
    threading.Thread(target=_end_with, args=(arguments.lifeline,), daemon=True).start()
    os.set_blocking(arguments.notify, False)
    # A predecessor whose runner was killed may have a few milliseconds to live.
    with (arguments.data / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sock = socket.socket(fileno=arguments.listen)
        asyncio.run(_serve(Generations(arguments.data), sock, arguments.notify))


if __name__ == "__main__":
    main()
