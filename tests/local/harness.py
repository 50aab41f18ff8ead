"""Runs the runner as a user does, in a separate process, and reads its output."""

import contextlib
import http.client
import json
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

from local.aws.client import Aws
from local.aws.credentials import Credentials
from local.clean import inherited
from local.gateway.server import Application, Server
from tests.support import ROOT

PROJECT = Path(__file__).with_name("project")
# Paths that Werkzeug rejects, each for another reason.
INVALID_PATHS = ("/bro{ken", "/b/{a-b}", "/b/{a}/{a}")
# The limit of every wait: long enough for a busy machine, though most waits take milliseconds.
TIMEOUT = 30.0

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """An HTTP response; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def eventually(look: Callable[[], T], *, what: str) -> T:
    """Call `look` until its result is true, and return the result."""
    deadline = time.monotonic() + TIMEOUT
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {TIMEOUT:.0f} s for {what}"
        time.sleep(0.005)
    return found


def rest(connection: socket.socket) -> bytes:
    """Read until the connection ends."""
    answer = bytearray()
    while chunk := connection.recv(65536):
        answer += chunk
    return bytes(answer)


@contextlib.contextmanager
def serving(application: Application) -> Iterator[Server]:
    """Serve the application on a free port."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening:
        server = Server([listening], application)
        yield server
        server.stop()


@contextlib.contextmanager
def size_limit(size: int) -> Iterator[None]:
    """Let writes beyond this position of a file fail, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


class RunnerProcess:
    """A runner: its process, its output and its API."""

    def __init__(self, template: Path, data: Path, *options: str, **environment: str) -> None:
        command = [sys.executable, "-m", "local", "--template", str(template), "--data", str(data)]
        if template.parent == ROOT:
            # Not the developer's own.
            command += ["--settings", str(data / ".env.local")]
        self.data = data
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [*command, "--port", "0", *options],
            cwd=ROOT,
            env=inherited() | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_problem: object) -> None:
        if self.process.poll() is None:
            self.stop()
        else:
            self._reader.join(TIMEOUT)

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as output:
            for line in output:
                with self._changed:
                    self._lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._lines.append("(end of output)")
            self._changed.notify_all()

    @property
    def output(self) -> str:
        with self._changed:
            return "\n".join(self._lines)

    def wait_for_line(self, pattern: str, *, after: int = 0) -> re.Match[str]:
        """Wait for a line that matches, apart from the first `after` lines. Returns the match."""
        deadline = time.monotonic() + TIMEOUT
        with self._changed:
            while True:
                for line in self._lines[after:]:
                    if found := re.search(pattern, line):
                        return found
                ended = self._lines[-1:] == ["(end of output)"]
                if ended or not self._changed.wait(max(0.0, deadline - time.monotonic())):
                    raise AssertionError(f"no line matches {pattern!r} in:\n" + "\n".join(self._lines))

    @property
    def line_count(self) -> int:
        with self._changed:
            return len(self._lines)

    def ready(self) -> "RunnerProcess":
        """Wait until the runner serves requests."""
        self.wait_for_line(r"http://localhost:\d+ serves")
        return self

    @property
    def port(self) -> int:
        return int(self.wait_for_line(r"http://localhost:(\d+) serves")[1])

    @cached_property
    def aws(self) -> Aws:
        found = self.wait_for_line(r"AWS \(MiniStack\) +http://127.0.0.1:(\d+)  credentials: (.*)")
        return Aws(int(found[1]), Credentials.read(ROOT / found[2]))

    def request(
        self, method: str, path: str, body: str | bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request on a new connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, headers=headers)

    def post(self, path: str, body: Any) -> Answer:
        return self.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal, wait for the exit, and return the exit status."""
        self.process.send_signal(number)
        status = self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        if "aws" in self.__dict__:
            self.aws.close()
        return status

    def kill(self) -> None:
        """Kill the runner, and wait until its children have exited."""
        children = descendants(self.process.pid)
        self.stop(signal.SIGKILL)
        eventually(lambda: not any(map(alive, children)), what="the children to end")


def descendants(pid: int) -> list[int]:
    """Return the ids of all processes below `pid`."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    children: dict[int, list[int]] = {}
    for line in listed.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, []).append(child)
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def alive(pid: int) -> bool:
    """Return whether the process is running; a zombie is not."""
    listed = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(listed.strip()) and not listed.strip().startswith("Z")


def ministack_pid(runner: RunnerProcess) -> int:
    """Return the id of this runner's MiniStack process."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return next(
        int(pid) for pid, parent, args in rows if int(parent) == runner.process.pid and "local.aws.durable" in args
    )


def delivery_counts(runner: RunnerProcess) -> dict[str, int]:
    """Return how often each record of the stream was delivered to its function."""
    items = runner.aws.call("dynamodb", "Scan", {"TableName": "NotesTable"})["Items"]
    return {item["id"]["S"]: int(item["deliveries"]["N"]) for item in items if "deliveries" in item}
