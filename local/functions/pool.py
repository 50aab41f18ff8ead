"""Warm worker processes, a small pool for each function, as Lambda keeps them.

A worker answers one request at a time. A pool grows when all of its workers are busy, up to a limit; past it requests
wait. Workers are retired, after the request they are at, when their code changes. A worker that dies costs the
request it was at and no other.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.functions.worker import MARK, receive_frame, send_frame
from local.template import Function

# More than the processors of most laptops is of no use; fewer would let a slow request hold up the page that is being
# worked on.
MOST_WORKERS = 4
# Lambda allows ten seconds for a function's imports before its timeout begins to count.
IMPORT_SECONDS = 10.0
# API Gateway's limit for an HTTP API integration.
GATEWAY_SECONDS = 30.0
# Python knows a compiled file's source by its size and the whole second of its date, so what was saved just now must
# not be compiled for later: it may be saved once more in the same second.
_SETTLED_SECONDS = 2.0
ACCOUNT, REGION = "000000000000", "eu-west-1"

# Takes a line that a function printed: its name, the id of the request it was at ("" between requests), the line.
Said = Callable[[str, str, str], None]


class FunctionError(Exception):
    """The function gave no usable answer. API Gateway says 502."""


class FunctionTimeoutError(FunctionError):
    """The function took longer than it may. API Gateway says 504."""


class WorkerLostError(FunctionError):
    """The worker died. `started` tells whether the handler may have run."""

    def __init__(self, *, started: bool) -> None:
        super().__init__("its worker died")
        self.started = started


@dataclass(frozen=True)
class Result:
    """A handler's answer: `body` is JSON. `cold` means that a worker was made for it."""

    body: str
    cold: bool


class Nursery:
    """The process that forks the workers (see `worker.py`)."""

    def __init__(self, layers: Sequence[Path], lifeline: int) -> None:
        self._layers, self._lifeline = layers, lifeline
        self._lock = threading.Lock()
        self._start()

    def _start(self) -> None:
        self._control, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(map(str, self._layers))
        if sys.platform == "darwin":
            # A forked process must not ask macOS's frameworks for a proxy: they end it.
            environment |= {"OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES", "no_proxy": "*"}
        program = str(Path(__file__).with_name("worker.py"))
        # Lambda gets a function's folder as it is, so running what is in it must leave nothing there.
        cache = f"pycache_prefix={Path(sys.prefix) / 'pycache'}"
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - no part of it comes from elsewhere
                [
                    sys.executable,
                    "-P",
                    "-X",
                    cache,
                    program,
                    str(theirs.fileno()),
                    str(self._lifeline),
                    *map(str, self._layers),
                ],
                env=environment,
                pass_fds=(theirs.fileno(), self._lifeline),
                stdin=subprocess.DEVNULL,
                # A session of its own: Ctrl-C reaches the runner alone, which then stops everything in order.
                start_new_session=True,
            )

    def fork(self, function: Function, environment: Mapping[str, str]) -> tuple[socket.socket, int]:
        """Fork a worker. Returns its socket and the read end of its output."""
        ours, theirs = socket.socketpair()
        output, write_end = os.pipe()
        spec = {"environment": environment, "folder": str(function.folder), "handler": function.handler}
        try:
            with self._lock:
                if self._process.poll() is not None:
                    self._control.close()
                    self._start()
                send_frame(self._control, "W", json.dumps(spec).encode(), (theirs.fileno(), write_end))
        except OSError as problem:
            ours.close()
            os.close(output)
            raise WorkerLostError(started=False) from problem
        finally:
            theirs.close()
            os.close(write_end)
        return ours, output

    def use(self, layers: Sequence[Path]) -> None:
        """Fork from a process that has imported these layers, from the next worker on."""
        with self._lock:
            if layers != self._layers:
                self._layers = layers
                self._process.kill()
                self._process.wait()

    def stop(self) -> None:
        """End the process. Workers that still live end with their own sockets."""
        self._control.close()
        self._process.kill()
        self._process.wait()


class Worker:
    """One process, running one function."""

    def __init__(
        self, nursery: Nursery, function: Function, environment: Mapping[str, str], said: Said, request_id: str
    ) -> None:
        self.function = function
        self.used = False
        self._pid: int | None = None
        self._up = False
        self._socket, output = nursery.fork(function, environment)
        self._printer = threading.Thread(
            target=_print_lines, args=(output, function.name, said, request_id), daemon=True
        )
        self._printer.start()

    def invoke(self, event: str, request_id: str) -> str:
        """Run the handler on `event` (JSON) and return its result (JSON)."""
        started = False
        try:
            self._wait_until_up()
            timeout = float(self.function.timeout)
            self._socket.settimeout(timeout)
            meta = {"id": request_id, "deadline": time.time() + timeout}
            send_frame(self._socket, "I", f"{json.dumps(meta)}\n{event}".encode())
            while True:
                kind, payload, _ = receive_frame(self._socket)
                if kind != "S":
                    break
                started = self.used = True
        except TimeoutError as problem:
            raise FunctionTimeoutError(f"it did not answer within its {self.function.timeout} s") from problem
        except (EOFError, OSError) as problem:
            raise WorkerLostError(started=started) from problem
        if kind == "F":
            failure = json.loads(payload)
            raise FunctionError(f"{failure['errorType']}: {failure['errorMessage']}")
        return payload.decode()

    def _wait_until_up(self) -> None:
        self._socket.settimeout(max(IMPORT_SECONDS, self.function.timeout))
        while not self._up:
            kind, payload, _ = receive_frame(self._socket)
            if kind == "B":
                raise FunctionError(f"its handler could not be imported: {payload.decode()}")
            if kind == "P":
                self._pid = json.loads(payload)["pid"]
            self._up = kind == "U"

    @property
    def lost(self) -> bool:
        """Whether an idle worker has died: only then is there anything to read from it."""
        if not self._up:
            return False
        self._socket.settimeout(0)
        try:
            return self._socket.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def stop(self) -> None:
        """End the process: at once when it is busy, by closing its socket when it is idle."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def kill(self) -> None:
        """End the process whatever it is doing."""
        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, 9)
        self.stop()

    def wait(self, seconds: float) -> None:
        """Wait until the process has ended, as its output tells."""
        self._printer.join(seconds)


class Pool:
    """The workers of one function."""

    def __init__(self, nursery: Nursery, function: Function, environment: Mapping[str, str], said: Said) -> None:
        self._nursery, self._function, self._environment, self._said = nursery, function, environment, said
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._changed = threading.Condition()
        self._generation: dict[Worker, int] = {}
        self._current = 0
        self._retired = -_SETTLED_SECONDS

    def invoke(self, event: str, request_id: str | None = None) -> Result:
        """Run the function on `event` (JSON). Raises FunctionError."""
        request_id = request_id or str(uuid.uuid4())
        while True:
            worker = self._acquire(request_id)
            cold = not worker.used
            try:
                body = worker.invoke(event, request_id)
            except WorkerLostError as problem:
                # It died while idle, before the handler could begin: nobody has seen this request yet.
                died_idle = not problem.started and not cold
                self._release(worker, keep=False)
                if not died_idle:
                    raise
            except FunctionError as problem:
                # A handler that raised is still a good worker. One that hangs or was never imported is not.
                self._release(worker, keep=worker.used and not isinstance(problem, FunctionTimeoutError))
                raise
            else:
                self._release(worker, keep=True)
                return Result(body, cold)

    def _acquire(self, request_id: str) -> Worker:
        deadline = time.monotonic() + GATEWAY_SECONDS
        with self._changed:
            while True:
                while self._idle:
                    worker = self._idle.pop()
                    if worker.lost:
                        self._generation.pop(worker)
                        worker.stop()
                        continue
                    self._busy.add(worker)
                    return worker
                if len(self._busy) < MOST_WORKERS:
                    worker = Worker(self._nursery, self._function, self._worker_environment(), self._said, request_id)
                    self._generation[worker] = self._current
                    self._busy.add(worker)
                    return worker
                if not self._changed.wait(deadline - time.monotonic()):
                    raise FunctionTimeoutError(f"its {MOST_WORKERS} workers were busy for {GATEWAY_SECONDS:.0f} s")

    def _worker_environment(self) -> Mapping[str, str]:
        settled = time.monotonic() - self._retired >= _SETTLED_SECONDS
        return self._environment if settled else {**self._environment, "PYTHONDONTWRITEBYTECODE": "1"}

    def _release(self, worker: Worker, *, keep: bool) -> None:
        with self._changed:
            self._busy.discard(worker)
            keep = keep and self._generation[worker] == self._current
            if keep:
                self._idle.append(worker)
            else:
                self._generation.pop(worker)
            self._changed.notify()
        if not keep:
            worker.kill()

    def retire(self) -> None:
        """Have every next request served by new code: idle workers end now, busy ones after their request."""
        with self._changed:
            self._current += 1
            self._retired = time.monotonic()
            idle, self._idle = self._idle, []
            for worker in idle:
                self._generation.pop(worker)
        for worker in idle:
            worker.stop()

    def stop(self, seconds: float) -> None:
        """Let busy workers finish for at most `seconds`, then end every process of this pool and wait for it."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while self._busy and self._changed.wait(deadline - time.monotonic()):
                pass
            workers = [*self._idle, *self._busy]
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.wait(1.0)


def lambda_environment(function: Function, endpoint: str) -> dict[str, str]:
    """The environment of a worker: the template's, Lambda's, the emulator's address; nothing of this shell's."""
    name = function.name
    inherited = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
    if sys.platform == "darwin":
        inherited["no_proxy"] = "*"
    return {
        **inherited,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONUNBUFFERED": "1",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "LAMBDA_TASK_ROOT": str(function.folder),
        "_HANDLER": function.handler,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint,
        **function.environment,
    }


def _print_lines(output: int, name: str, said: Said, request_id: str) -> None:
    """Pass on each line; what is printed while the function is imported is of the request that it is imported for."""
    with os.fdopen(output, encoding="utf-8", errors="replace", newline="\n") as lines:
        for line in lines:
            text, mark, next_request = line.rstrip("\n").partition(MARK)
            if text or not mark:
                said(name, request_id, text)
            if mark:
                request_id = next_request
