"""A pool of warm worker processes for each function, like Lambda's execution environments.

A worker serves one request at a time. A pool adds workers, up to a limit, while all of them are busy; beyond the limit,
requests wait. When the code changes, each worker is retired after its current request. If a worker dies, only the
request it was serving fails.
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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from local.aws.credentials import Credentials
from local.clean import NO_SETTINGS, inherited
from local.functions.worker import MARK, receive_frame, send_frame
from local.template import Function

# More workers than a typical laptop has cores gain nothing; with fewer, one slow request would block a page that sends
# several.
MAX_WORKERS = 4
# Each waiting request holds a thread of the HTTP server, and the functions share these. A quarter of them is enough for
# one function; Lambda throttles as well.
MAX_WAITING = 60
# Lambda allows ten seconds for a function's imports, outside its timeout.
IMPORT_SECONDS = 10.0
# API Gateway's limit for an HTTP API integration. No request waits longer than that for a worker.
GATEWAY_SECONDS = 30.0
# A .pyc file identifies its source by size and modification time in whole seconds. Source that was just saved may be
# saved again within the same second, so no .pyc is written for it yet.
_SETTLED_SECONDS = 2.0

# Called with each line that a function prints: function name, request id ("" between requests), line.
OnOutput = Callable[[str, str, str], None]


class FunctionError(Exception):
    """The function returned no usable response. API Gateway answers 502."""


class FunctionTimeoutError(FunctionError):
    """The function exceeded its timeout. API Gateway answers 504."""


class FunctionBusyError(FunctionError):
    """Too many requests wait for the function, or for too long. API Gateway answers 503 when Lambda throttles."""


class WorkerDiedError(FunctionError):
    """The worker died. `started`: whether the handler may have run."""

    def __init__(self, *, started: bool) -> None:
        super().__init__("its worker died")
        self.started = started


@dataclass(frozen=True)
class Result:
    """What a handler returned, as JSON. `cold`: a worker was started for this request."""

    body: str
    cold: bool


class ForkServer:
    """The process that forks the workers (see `worker.py`)."""

    def __init__(self, layers: Sequence[Path], lifeline: int) -> None:
        self._layers, self._lifeline = layers, lifeline
        self._lock = threading.Lock()
        self._earlier: list[subprocess.Popen[bytes]] = []
        # Linux ends these processes with the thread that started them (see `worker.py`), so one thread starts them all.
        self._starter = ThreadPoolExecutor(1)
        self._start()

    def _start(self) -> None:
        self._starter.submit(self._start_process).result()

    def _start_process(self) -> None:
        self._control, theirs = socket.socketpair()
        environment = inherited()
        environment["PYTHONPATH"] = os.pathsep.join(map(str, self._layers))
        if sys.platform == "darwin":
            # macOS kills a forked process that asks the system for its proxy settings.
            environment |= {"OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES", "no_proxy": "*"}
        program = str(Path(__file__).with_name("worker.py"))
        # A function's folder is deployed unchanged, so no compiled files may be left in it.
        cache = f"pycache_prefix={Path(sys.prefix) / 'pycache'}"
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - the runner's own command
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
                # In a separate session Ctrl-C reaches only the runner, which then stops everything in order.
                start_new_session=True,
            )

    def fork(self, function: Function, environment: Mapping[str, str]) -> tuple[socket.socket, int]:
        """Fork a worker. Returns its socket and the read end of its output pipe."""
        ours, theirs = socket.socketpair()
        output, write_end = os.pipe()
        spec = {"environment": environment, "folder": str(function.folder), "handler": function.handler}
        try:
            with self._lock:
                if self._process.poll() is not None:
                    self._control.close()
                    self._start()
                send_frame(self._control, "W", json.dumps(spec).encode(), fds=(theirs.fileno(), write_end))
        except OSError as problem:
            ours.close()
            os.close(output)
            raise WorkerDiedError(started=False) from problem
        finally:
            theirs.close()
            os.close(write_end)
        return ours, output

    def use_layers(self, layers: Sequence[Path]) -> None:
        """Switch to these layers: fork from a new process that has imported them. The old one outlives its workers."""
        with self._lock:
            if layers != self._layers:
                self._layers = layers
                # The old process exits after its last worker.
                self._control.close()
                self._earlier = [process for process in (*self._earlier, self._process) if process.poll() is None]
                self._start()

    def stop(self) -> None:
        """Kill the process, and those of earlier layers. On Linux their workers die with them."""
        self._control.close()
        for process in (*self._earlier, self._process):
            process.kill()
            process.wait()
        self._starter.shutdown()


class Worker:
    """A process that runs one function. `used`: it has run the handler at least once."""

    def __init__(
        self,
        fork_server: ForkServer,
        function: Function,
        environment: Mapping[str, str],
        on_output: OnOutput,
        request_id: str,
    ) -> None:
        self.function = function
        self.used = False
        self._pid: int | None = None
        self._ready = False
        self._socket, output = fork_server.fork(function, environment)
        self._output_reader = threading.Thread(
            target=_read_output, args=(output, function.name, on_output, request_id), daemon=True
        )
        self._output_reader.start()

    def invoke(self, event: str, request_id: str) -> str:
        """Run the handler on `event` (JSON). Returns its result (JSON); raises FunctionError."""
        started = False
        try:
            self._wait_until_ready()
            timeout = float(self.function.timeout)
            self._socket.settimeout(timeout)
            meta = {"id": request_id, "deadline": time.time() + timeout}
            send_frame(self._socket, "I", f"{json.dumps(meta)}\n".encode(), event.encode())
            while True:
                kind, payload, _ = receive_frame(self._socket)
                if kind != "S":
                    break
                started = self.used = True
        except TimeoutError as problem:
            raise FunctionTimeoutError(f"it did not answer within its {self.function.timeout} s timeout") from problem
        except (EOFError, OSError) as problem:
            raise WorkerDiedError(started=started) from problem
        if kind == "F":
            failure = json.loads(payload)
            raise FunctionError(f"{failure['errorType']}: {failure['errorMessage']}")
        return payload.decode()

    def _wait_until_ready(self) -> None:
        self._socket.settimeout(max(IMPORT_SECONDS, self.function.timeout))
        while not self._ready:
            kind, payload, _ = receive_frame(self._socket)
            if kind == "B":
                raise FunctionError(f"its handler could not be imported: {payload.decode()}")
            if kind == "P":
                self._pid = json.loads(payload)["pid"]
            self._ready = kind == "U"

    @property
    def is_dead(self) -> bool:
        """Whether an idle worker has died, which closes its socket. A live one has nothing to read."""
        if not self._ready:
            return False
        self._socket.settimeout(0)
        try:
            return self._socket.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def stop(self) -> None:
        """Close the socket. An idle worker exits at once, a busy one after its request."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def kill(self) -> None:
        """Kill the process, even in the middle of a request."""
        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, 9)
        self.stop()

    def wait(self, seconds: float) -> None:
        """Wait for at most `seconds` until the process has exited and all of its output is read."""
        self._output_reader.join(seconds)


class Pool:
    """The workers of one function."""

    def __init__(
        self, fork_server: ForkServer, function: Function, environment: Mapping[str, str], on_output: OnOutput
    ) -> None:
        self._fork_server, self._function = fork_server, function
        self._environment, self._on_output = environment, on_output
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._changed = threading.Condition()
        self._waiting = 0
        # Each change of the code begins a generation; workers of an earlier one are retired.
        self._generation = 0
        self._born_in: dict[Worker, int] = {}
        self._retired_at = -_SETTLED_SECONDS

    def invoke(self, event: str, request_id: str | None = None) -> Result:
        """Run the function on `event` (JSON). Raises FunctionError."""
        request_id = request_id or str(uuid.uuid4())
        while True:
            worker = self._acquire(request_id)
            cold = not worker.used
            try:
                body = worker.invoke(event, request_id)
            except WorkerDiedError as problem:
                # The worker died while idle, before the handler started, so the request can safely be retried.
                died_idle = not problem.started and not cold
                self._release(worker, keep=False)
                if not died_idle:
                    raise
            except FunctionError as problem:
                # A worker whose handler raised is reusable; one that hangs or failed to import is not.
                self._release(worker, keep=worker.used and not isinstance(problem, FunctionTimeoutError))
                raise
            else:
                self._release(worker, keep=True)
                return Result(body, cold)

    def _acquire(self, request_id: str) -> Worker:
        deadline = time.monotonic() + GATEWAY_SECONDS
        with self._changed:
            if self._waiting >= MAX_WAITING:
                raise FunctionBusyError(f"{MAX_WAITING} requests are already waiting for its {MAX_WORKERS} workers")
            self._waiting += 1
            try:
                while (worker := self._free_worker(request_id)) is None:
                    if not self._changed.wait(deadline - time.monotonic()):
                        raise FunctionBusyError(f"its {MAX_WORKERS} workers were busy for {GATEWAY_SECONDS:.0f} s")
            finally:
                self._waiting -= 1
            self._busy.add(worker)
            return worker

    def _free_worker(self, request_id: str) -> Worker | None:
        """Return an idle worker or a new one, or None if the limit is reached."""
        while self._idle:
            worker = self._idle.pop()
            if not worker.is_dead:
                return worker
            self._born_in.pop(worker)
            worker.stop()
        if len(self._busy) >= MAX_WORKERS:
            return None
        worker = Worker(self._fork_server, self._function, self._worker_environment(), self._on_output, request_id)
        self._born_in[worker] = self._generation
        return worker

    def _worker_environment(self) -> Mapping[str, str]:
        settled = time.monotonic() - self._retired_at >= _SETTLED_SECONDS
        return self._environment if settled else {**self._environment, "PYTHONDONTWRITEBYTECODE": "1"}

    def _release(self, worker: Worker, *, keep: bool) -> None:
        with self._changed:
            self._busy.discard(worker)
            keep = keep and self._born_in[worker] == self._generation
            if keep:
                self._idle.append(worker)
            else:
                self._born_in.pop(worker)
            self._changed.notify()
        if not keep:
            worker.kill()

    def retire(self) -> None:
        """Serve all further requests with new code: idle workers end now, busy ones after their request."""
        with self._changed:
            self._generation += 1
            self._retired_at = time.monotonic()
            idle, self._idle = self._idle, []
            for worker in idle:
                self._born_in.pop(worker)
        for worker in idle:
            worker.stop()

    def stop(self, seconds: float) -> None:
        """Wait at most `seconds` for busy workers, then kill all workers and wait until they have exited."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while self._busy and self._changed.wait(deadline - time.monotonic()):
                pass
            workers = [*self._idle, *self._busy]
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.wait(1.0)


def lambda_environment(function: Function, endpoint: str, credentials: Credentials) -> dict[str, str]:
    """Return a worker's environment: the template's variables, Lambda's, and MiniStack's address and credentials.

    Of this shell's own variables only PATH, HOME and TMPDIR are passed on.
    """
    name = function.name
    inherited = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
    if sys.platform == "darwin":
        inherited["no_proxy"] = "*"
    return {
        **inherited,
        **NO_SETTINGS,
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
        **credentials.variables,
        "AWS_ENDPOINT_URL": endpoint,
        **function.environment,
    }


def _read_output(output: int, name: str, on_output: OnOutput, request_id: str) -> None:
    """Report each line. Lines printed during import belong to the request that started the worker."""
    with os.fdopen(output, encoding="utf-8", errors="replace", newline="\n") as lines:
        for line in lines:
            text, mark, next_request = line.rstrip("\n").partition(MARK)
            if text or not mark:
                on_output(name, request_id, text)
            if mark:
                request_id = next_request
