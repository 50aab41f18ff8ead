"""The program of the worker processes. `pool.py` runs it as a script; it imports nothing from this package.

It starts as the fork server: one process that imports what the layers import and then waits. For each worker that the
runner asks for, it forks a child, which takes on the function's environment and folder, imports its handler, and serves
one request at a time, as on Lambda. A fork takes milliseconds, where a new interpreter with boto3 and pydantic takes
most of a second. No child inherits outdated code: the fork server unloads every module of the layers themselves, and
each child imports those again.

Frames on a socket: four bytes for the length (network order), one byte for the kind, then the payload.

    runner → fork server  W  the worker to fork (JSON), with the descriptors of its socket and its output pipe
    runner → worker       I  {"id", "deadline"} (JSON; deadline in seconds since 1970), a line feed, the event (JSON)
    worker → runner       P  forked: {"pid"}     U  up: the handler is imported     B  broken: why its import failed
                          S  started: the handler is about to run, and may have side effects from now on
                          R  the handler's result (JSON)     F  failed: {"errorType", "errorMessage"}

A worker's output goes through its pipe, which also says which request it belongs to: MARK and the request's id when a
request starts, MARK alone when it ends.

Every process also holds the read end of a pipe, the lifeline, whose write end only the runner has. When the runner
exits, even by a kill, the pipe closes and the process exits too.
"""

import contextlib
import ctypes
import importlib
import json
import logging
import os
import pkgutil
import signal
import socket
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

_HEADER = struct.Struct("!IB")
_PR_SET_PDEATHSIG = 1
# ASCII's record separator, which functions have no reason to print.
MARK = "\x1e"
_MACHINERY = (__file__, importlib.__file__, "<frozen importlib")


class Context:
    """The context object, a handler's second argument.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    def __init__(self, request_id: str, deadline: float) -> None:
        environ = os.environ
        self.aws_request_id = request_id
        self.function_name = environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.invoked_function_arn = f"arn:aws:lambda:{environ['AWS_REGION']}:000000000000:function:{self.function_name}"
        self.log_group_name = environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until this request times out."""
        return max(0, int((self._deadline - time.time()) * 1000))


def send_frame(sock: socket.socket, kind: str, *payload: bytes, fds: tuple[int, ...] = ()) -> None:
    """Send one frame, with the descriptors attached to its header. The parts of the payload may be large."""
    header = _HEADER.pack(sum(map(len, payload)), ord(kind))
    if fds:
        socket.send_fds(sock, [header], fds)
    else:
        sock.sendall(header)
    for part in payload:
        sock.sendall(part)


def receive_frame(sock: socket.socket) -> tuple[str, bytes, list[int]]:
    """Receive one frame: kind, payload, descriptors. Raises EOFError when the other side has closed the socket."""
    header, fds, _, _ = socket.recv_fds(sock, _HEADER.size, 2)
    header += _receive(sock, _HEADER.size - len(header)) if header else b""
    if not header:
        raise EOFError
    length, kind = _HEADER.unpack(header)
    return chr(kind), _receive(sock, length), fds


def _receive(sock: socket.socket, length: int) -> bytes:
    chunks = bytearray()
    while len(chunks) < length:
        chunk = sock.recv(min(length - len(chunks), 1 << 20))
        if not chunk:
            raise EOFError
        chunks += chunk
    return bytes(chunks)


def _serve_forks(control: socket.socket, lifeline: int, layers: list[str]) -> NoReturn:
    _die_with_parent()
    _hide_project()
    _preload_dependencies(layers)
    # With SIGCHLD ignored, the kernel reaps the children.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        try:
            _, payload, fds = receive_frame(control)
        except (EOFError, OSError):
            # The workers die with this process, so it waits until the last one has ended.
            with contextlib.suppress(ChildProcessError):
                os.wait()
            os._exit(0)
        if os.fork() == 0:
            # A child must never return to this loop: it would be a second fork server.
            try:
                control.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _die_with_parent()
                threading.Thread(target=_exit_with, args=(lifeline,), daemon=True).start()
                _work(json.loads(payload), socket.socket(fileno=fds[0]), fds[1], layers)
            finally:
                os._exit(1)
        for fd in fds:
            os.close(fd)


def _hide_project() -> None:
    """Take the project's folder off the path: on Lambda there is no `operations`, and no `tests`."""
    project = Path(__file__).parents[2]
    sys.path[:] = [folder for folder in sys.path if not (Path(folder).exists() and project.samefile(folder))]


def _preload_dependencies(layers: list[str]) -> None:
    """Import every module of the layers, then unload those modules and keep only their dependencies."""
    for layer in layers:
        for module in pkgutil.walk_packages([layer], onerror=lambda _name: None):
            # An import that fails here fails again in the worker that needs it, which reports it.
            with contextlib.suppress(Exception, SystemExit):
                importlib.import_module(module.name)
    inside = tuple(f"{layer}{os.sep}" for layer in layers)
    for name, module_ in list(sys.modules.items()):
        if str(getattr(module_, "__file__", None) or "").startswith(inside):
            del sys.modules[name]


def _die_with_parent() -> None:
    """Ask Linux to kill this process when its parent exits, even while C code keeps it busy.

    Other systems have only the lifeline.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _exit_with(lifeline: int) -> None:
    """Exit when the runner does: reading the lifeline then returns."""
    os.read(lifeline, 1)
    os._exit(0)


def _work(spec: dict[str, Any], channel: socket.socket, output: int, layers: list[str]) -> NoReturn:
    """Serve the function in `spec`: {"environment", "folder", "handler"}."""
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.environ.clear()
    os.environ.update(spec["environment"])
    # Python reads this variable only when it starts, not after a fork.
    sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in os.environ
    time.tzset()
    os.chdir(spec["folder"])
    # On Lambda the function's folder is first on the path. A fork does not read PYTHONPATH again.
    sys.path.insert(0, spec["folder"])
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    # Lambda's runtime also adds a handler to the root logger.
    logging.basicConfig(stream=sys.stdout, format="[%(levelname)s] %(message)s")
    send_frame(channel, "P", json.dumps({"pid": os.getpid()}).encode())
    try:
        _limit_services(layers)
        handler = _import_handler(spec["handler"])
    # Anything raised during import, SystemExit included, is an import failure.
    except BaseException as problem:  # noqa: BLE001
        _print_traceback(problem)
        _send_and_exit(channel, "B", f"{type(problem).__name__}: {problem}".encode())
    send_frame(channel, "U")
    while True:
        try:
            _, request, _ = receive_frame(channel)
            send_frame(channel, "S")
            meta, _, event = request.partition(b"\n")
            request_info = json.loads(meta)
            _mark(request_info["id"])
            answer = _invoke(handler, request_info, event)
            _mark("")
            send_frame(channel, *answer)
        except (EOFError, OSError):
            os._exit(0)


def _limit_services(layers: list[str]) -> None:
    """Allow only the AWS services in a layer's `aws_services.py`, as on Lambda. Without that file, allow all."""
    if any(Path(layer, "aws_services.py").is_file() for layer in layers):
        loaders = importlib.import_module("botocore.loaders")
        importlib.import_module("aws_services").limit(loaders.Loader)


def _import_handler(path: str) -> Callable[[Any, Context], Any]:
    module, _, name = path.rpartition(".")
    handler: Callable[[Any, Context], Any] = getattr(importlib.import_module(module.replace("/", ".")), name)
    return handler


def _invoke(handler: Callable[[Any, Context], Any], meta: dict[str, Any], event: bytes) -> tuple[str, bytes]:
    # Lambda sets a trace id for each request. `Sampled=0` stops tracers from sending: nothing here receives traces.
    trace = f"Root=1-{int(time.time()):08x}-{os.urandom(12).hex()};Parent={os.urandom(8).hex()};Sampled=0"
    os.environ["_X_AMZN_TRACE_ID"] = trace
    try:
        result = handler(json.loads(event), Context(meta["id"], meta["deadline"]))
        return "R", json.dumps(result).encode()
    # Lambda reports anything that a handler raises in this form.
    except BaseException as problem:  # noqa: BLE001
        _print_traceback(problem)
        failure = {"errorType": type(problem).__name__, "errorMessage": str(problem)}
        return "F", json.dumps(failure).encode()


def _mark(request_id: str) -> None:
    """Write the mark: the lines that follow belong to this request."""
    for stream in (sys.stdout, sys.stderr):
        # A handler may have replaced or closed the stream.
        with contextlib.suppress(Exception):
            stream.flush()
    with contextlib.suppress(OSError):
        os.write(1, f"{MARK}{request_id}\n".encode())


def _print_traceback(problem: BaseException) -> None:
    """Print the traceback from the function's own frames on, without this file and the import machinery."""
    frames = problem.__traceback__
    while frames and frames.tb_next and frames.tb_frame.f_code.co_filename.startswith(_MACHINERY):
        frames = frames.tb_next
    traceback.print_exception(problem.with_traceback(frames))


def _send_and_exit(channel: socket.socket, kind: str, payload: bytes) -> NoReturn:
    with contextlib.suppress(OSError):
        send_frame(channel, kind, payload)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    _serve_forks(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), sys.argv[3:])
