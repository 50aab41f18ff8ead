"""MiniStack: AWS on this machine. Started, kept up and stopped here; made durable by `durable.py`.

The runner opens the listening socket itself and hands it to each MiniStack it starts. So the address never changes,
and while a MiniStack that died is being replaced, connections wait in that socket instead of being refused.
"""

import contextlib
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.aws import REGION
from local.aws.client import Aws, CloudGoneError
from local.aws.durable import HOPELESS
from local.console import Console, RunnerError

_SERVICES = "dynamodb,dynamodbstreams,secretsmanager,ses,sqs,sts"
# A journal shorter than this is not worth a snapshot while the runner is up, in bytes.
_LONG_JOURNAL = 2_000_000


@dataclass(frozen=True)
class State:
    """How the data on disk are: the snapshot's number, the bytes in the journal and in the snapshot."""

    generation: int
    journal: int
    snapshot: int


class Cloud:
    """The MiniStack process. `wakeups` are set whenever a table has changed and whenever MiniStack was started anew."""

    def __init__(self, data: Path, python: Path, port: int, lifeline: int, console: Console) -> None:
        if not python.is_file():
            raise RunnerError(f"MiniStack is not installed: there is no {python}. `make start` installs it.")
        self._data, self._python, self._lifeline, self._console = data / "cloud", python.absolute(), lifeline, console
        self._data.mkdir(exist_ok=True)
        self.log = data / "ministack.log"
        self._socket = listen(port, "MiniStack", "--aws-port")
        self.port: int = self._socket.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.aws = Aws(self.port)
        # Counts the processes. Raised before the next one starts: an answer that came with the number unchanged came
        # from the process that was asked.
        self.incarnation = 0
        self.wakeups: list[threading.Event] = []
        self._stopping = threading.Event()
        self._bell, self._bell_rope = os.pipe()
        threading.Thread(target=self._listen_to_bell, daemon=True).start()
        self._process = self._start()
        self._keeper = threading.Thread(target=self._keep_up, daemon=True)
        self._keeper.start()

    def wait_until_ready(self) -> None:
        """Wait until MiniStack answers, however long its journal is. Raises RunnerError when it never will."""
        while True:
            try:
                self.state()
            except CloudGoneError as problem:
                if self.aws.given_up:
                    raise RunnerError(f"MiniStack does not start. Its log is {self.log}.") from problem
                self._console.progress("MiniStack is not up yet; a long journal takes a while. Waiting …")
            else:
                return

    def state(self) -> State:
        """Ask how the data on disk are."""
        return _state(self.aws.http("GET", "/_durable"))

    def compact(self, iterators: Sequence[str], *, now: bool = False) -> State:
        """Have a snapshot written if the journal is long (`now`: not empty) and these iterators are at the end."""
        state = self.state()
        above = 0 if now else max(_LONG_JOURNAL, state.snapshot)
        if state.journal <= above:
            return state
        request = {"above": above, "iterators": iterators, "authorization": Aws.authorization("streams")}
        return _state(self.aws.http("POST", "/_durable", json.dumps(request)))

    def kill(self) -> None:
        """End MiniStack. What it has acknowledged is in its journal."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._process.kill()
        self._keeper.join()
        self._socket.close()
        os.close(self._bell_rope)

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        environment |= {
            "SERVICES": _SERVICES,
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": REGION,
            # Listeners of services that nobody here uses.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
        }
        descriptors = {"--listen": self._socket.fileno(), "--notify": self._bell_rope, "--lifeline": self._lifeline}
        options = [text for name, fd in descriptors.items() for text in (name, str(fd))]
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - no part of it comes from elsewhere
                [str(self._python), "-m", "local.aws.durable", "--data", str(self._data), *options],
                env=environment,
                # Where `local` is found.
                cwd=Path(__file__).parents[2],
                pass_fds=tuple(descriptors.values()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _keep_up(self) -> None:
        while True:
            started = time.monotonic()
            status = self._process.wait()
            if self._stopping.is_set():
                return
            if status == HOPELESS:
                self._console.error(f"MiniStack stopped: {_last_line(self.log)}")
                # Those who wait in the socket are let go.
                self.aws.given_up = True
                self._socket.close()
                return
            how = f"signal {-status}" if status < 0 else f"status {status}"
            self._console.warn(
                f"MiniStack ended ({how}). Starting it again; what it had acknowledged is in its journal."
            )
            if time.monotonic() - started < 1.0 and self._stopping.wait(1.0):
                return
            self.incarnation += 1
            self._process = self._start()
            self._wake()

    def _listen_to_bell(self) -> None:
        while os.read(self._bell, 4096):
            self._wake()
        os.close(self._bell)

    def _wake(self) -> None:
        for wakeup in self.wakeups:
            wakeup.set()


def listen(port: int, what: str, flag: str) -> socket.socket:
    """Open a listening socket on loopback. Raises RunnerError when the port is taken."""
    # The protocol is named because asyncio sets TCP_NODELAY on such sockets only; without it a response takes 40 ms.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
        sock.listen(128)
    except (OSError, OverflowError) as problem:
        sock.close()
        raise RunnerError(
            f"Port {port} for {what} is taken ({problem}). Stop what uses it, or choose another with {flag}."
        ) from problem
    return sock


def _state(answer: tuple[int, bytes]) -> State:
    status, body = answer
    if status != 200:  # noqa: PLR2004
        raise CloudGoneError(f"status {status}")
    return State(**json.loads(body))


def _last_line(path: Path) -> str:
    with contextlib.suppress(OSError, IndexError):
        return path.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1]
    return f"see {path}"
