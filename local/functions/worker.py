"""The program inside the worker processes. Run as a script by `workers.py`; imports nothing of this package.

It begins as a nursery: one process that imports what the layers import and then waits. For each worker the runner
asks for, it forks: the child takes on the function's environment, folder and handler, and answers one request at a
time, as on Lambda. A fork costs milliseconds where a new interpreter with boto3 and pydantic costs most of a second.
Nothing stale can be inherited: the nursery forgets every module that came from a layer's own source, and each child
imports those afresh.

Frames on a socket: four bytes of length (network order), one byte of kind, then the payload.

    runner → nursery   W  the worker to fork (JSON); its socket and the pipe for its output travel along as descriptors
    runner → worker    I  {"id", "deadline"} (JSON; deadline in seconds since 1970), a line feed, the event (JSON)
    worker → runner    P  forked, {"pid"}    U  up        B  broken: the handler could not be imported (a message)
                       S  started: the handler is about to run; whatever happens now may have had an effect
                       R  the handler's result (JSON)        F  failed, {"errorType", "errorMessage"}

What a worker prints goes through its pipe, and with it which request it is for: MARK and the request's id when it
begins, MARK alone when it is answered.

Every process also holds the read end of a pipe that only the runner can write to. When the runner is gone, however it
went, that pipe ends and the process with it.
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
# ASCII's record separator: no function has a reason to print it.
MARK = "\x1e"
_MACHINERY = (__file__, importlib.__file__, "<frozen importlib")


class Context:
    """What a handler gets as its second argument.

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
        """Milliseconds until the runner kills this worker."""
        return max(0, int((self._deadline - time.time()) * 1000))


def send_frame(sock: socket.socket, kind: str, payload: bytes = b"", fds: tuple[int, ...] = ()) -> None:
    """Send one frame; descriptors travel with its header."""
    header = _HEADER.pack(len(payload), ord(kind))
    if fds:
        socket.send_fds(sock, [header], fds)
        sock.sendall(payload)
    else:
        sock.sendall(header + payload)


def receive_frame(sock: socket.socket) -> tuple[str, bytes, list[int]]:
    """Wait for one frame: its kind, payload and descriptors. Raises EOFError when the other side is gone."""
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


def _nursery(control: socket.socket, lifeline: int, layers: list[str]) -> NoReturn:
    _die_with_parent()
    _import_and_forget(layers)
    # The kernel reaps the children: nobody here asks how they ended.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        try:
            _, payload, fds = receive_frame(control)
        except (EOFError, OSError):
            os._exit(0)
        if os.fork() == 0:
            # Whatever happens, a child must not come back into this loop and be a second nursery.
            try:
                control.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _die_with_parent()
                threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
                _work(json.loads(payload), socket.socket(fileno=fds[0]), fds[1], layers)
            finally:
                os._exit(1)
        for fd in fds:
            os.close(fd)


def _import_and_forget(layers: list[str]) -> None:
    """Import every module of the layers, then drop those modules but keep what they imported from elsewhere."""
    for layer in layers:
        for module in pkgutil.walk_packages([layer], onerror=lambda _name: None):
            # Whatever fails here fails again, and is reported, in the worker that needs it.
            with contextlib.suppress(Exception, SystemExit):
                importlib.import_module(module.name)
    inside = tuple(f"{layer}{os.sep}" for layer in layers)
    for name, module_ in list(sys.modules.items()):
        if str(getattr(module_, "__file__", None) or "").startswith(inside):
            del sys.modules[name]


def _die_with_parent() -> None:
    """Linux ends a process with its parent even while its only thread is busy in C. Elsewhere the pipe must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _end_with(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(0)


def _work(spec: dict[str, Any], channel: socket.socket, output: int, layers: list[str]) -> NoReturn:
    """Become a worker for the function in `spec`: {"environment", "folder", "handler"}."""
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.environ.clear()
    os.environ.update(spec["environment"])
    # A new interpreter would look at it by itself.
    sys.dont_write_bytecode = "PYTHONDONTWRITEBYTECODE" in os.environ
    time.tzset()
    os.chdir(spec["folder"])
    # Lambda's Python has the function's folder first on its path. A fork cannot be given a PYTHONPATH, so it is done
    # here.
    sys.path.insert(0, spec["folder"])
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    # Lambda's runtime gives the root logger a handler too.
    logging.basicConfig(stream=sys.stdout, format="[%(levelname)s] %(message)s")
    send_frame(channel, "P", json.dumps({"pid": os.getpid()}).encode())
    try:
        _limit_services(layers)
        handler = _import_handler(spec["handler"])
    # Whatever a module does at import, SystemExit included, is the import's failure.
    except BaseException as problem:  # noqa: BLE001
        _print_traceback(problem)
        _leave(channel, "B", f"{type(problem).__name__}: {problem}".encode())
    send_frame(channel, "U")
    while True:
        try:
            _, request, _ = receive_frame(channel)
            send_frame(channel, "S")
            meta, _, event = request.partition(b"\n")
            about = json.loads(meta)
            _mark(about["id"])
            answer = _invoke(handler, about, event)
            _mark("")
            send_frame(channel, *answer)
        except (EOFError, OSError):
            os._exit(0)


def _limit_services(layers: list[str]) -> None:
    """Refuse the AWS services that are not in a layer's list, as on Lambda. Without a list, all are there."""
    if any(Path(layer, "aws_services.py").is_file() for layer in layers):
        loaders = importlib.import_module("botocore.loaders")
        importlib.import_module("aws_services").limit(loaders.Loader)


def _import_handler(path: str) -> Callable[[Any, Context], Any]:
    module, _, name = path.rpartition(".")
    handler: Callable[[Any, Context], Any] = getattr(importlib.import_module(module.replace("/", ".")), name)
    return handler


def _invoke(handler: Callable[[Any, Context], Any], meta: dict[str, Any], event: bytes) -> tuple[str, bytes]:
    # Lambda sets it for each request. An unsampled trace keeps tracers quiet: nothing here receives what they send.
    trace = f"Root=1-{int(time.time()):08x}-{os.urandom(12).hex()};Parent={os.urandom(8).hex()};Sampled=0"
    os.environ["_X_AMZN_TRACE_ID"] = trace
    try:
        result = handler(json.loads(event), Context(meta["id"], meta["deadline"]))
        return "R", json.dumps(result).encode()
    # A handler may raise anything; Lambda turns all of it into an error of this shape.
    except BaseException as problem:  # noqa: BLE001
        _print_traceback(problem)
        failure = {"errorType": type(problem).__name__, "errorMessage": str(problem)}
        return "F", json.dumps(failure).encode()


def _mark(request_id: str) -> None:
    """Say for which request the lines are that follow."""
    for stream in (sys.stdout, sys.stderr):
        # A handler may have replaced or closed them.
        with contextlib.suppress(Exception):
            stream.flush()
    with contextlib.suppress(OSError):
        os.write(1, f"{MARK}{request_id}\n".encode())


def _print_traceback(problem: BaseException) -> None:
    """Print the traceback without the frames of this file and of the import machinery above the function's own."""
    frames = problem.__traceback__
    while frames and frames.tb_next and frames.tb_frame.f_code.co_filename.startswith(_MACHINERY):
        frames = frames.tb_next
    traceback.print_exception(problem.with_traceback(frames))


def _leave(channel: socket.socket, kind: str, payload: bytes) -> NoReturn:
    with contextlib.suppress(OSError):
        send_frame(channel, kind, payload)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    _nursery(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), sys.argv[3:])
