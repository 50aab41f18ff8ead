"""The MiniStack process: starts it, restarts it when it ends, and stops it.

Every process inherits the listening socket of the runner. So the address never changes, and while a process is being
replaced, connections wait in the socket instead of being refused.
"""

import contextlib
import json
import os
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path

from local import PROJECT
from local.aws import REGION, containers
from local.aws.client import Aws, MiniStackGoneError
from local.aws.credentials import VARIABLE, Credentials
from local.aws.durable import DISK_FULL, NO_RESTART, REPLAY_FAILED
from local.clean import NO_SETTINGS, inherited
from local.console import Console
from local.errors import RunnerError
from local.sockets import explaining, listen_on

_SERVICES = "dynamodb,dynamodbstreams,s3,secretsmanager,ses,sqs,sts"
# While the runner is up, a journal of fewer bytes is not worth a snapshot.
_COMPACT_ABOVE = 2_000_000
# Seconds before a process that failed at once is started again.
_RESTART_PAUSE = 1.0
# It is given up after so many failures within so many seconds.
_MAX_FAILURES, _WITHIN = 5, 60.0
# Seconds after which a full disk is reported again.
_REMINDER = 60.0


@dataclass(frozen=True)
class State:
    """The data on disk: the number of the snapshot, and the bytes in the journal and in the snapshot."""

    generation: int
    journal: int
    snapshot: int

    @property
    def is_journal_long(self) -> bool:
        """Whether replaying the journal would take longer than loading a snapshot."""
        return self.journal > max(_COMPACT_ABOVE, self.snapshot)


class MiniStack:
    """The MiniStack process. `wakeups` are set when a table has changed and when MiniStack was restarted.

    Requests must name the key of `credentials`, and a host of loopback or the one by which containers reach it.
    `endpoint` is its address for this machine, `container_endpoint` the one for containers, which includes the key.
    `on_given_up` is called when it will not be restarted again.
    """

    def __init__(  # noqa: PLR0913  # what its command line consists of
        self,
        data: Path,
        python: Path,
        port: int,
        lifeline: int,
        console: Console,
        *,
        on_given_up: Callable[[], None] = lambda: None,
    ) -> None:
        if not python.is_file():
            raise RunnerError(f"MiniStack is not installed: there is no {python}. `make start` installs it.")
        self._data, self._python, self._lifeline, self._console = data / "cloud", python.absolute(), lifeline, console
        self._data.mkdir(exist_ok=True)
        self.log = data / "ministack.log"
        with explaining(port, "MiniStack", "--aws-port"):
            self._sockets = [listen_on("127.0.0.1", port)]
        self.port: int = self._sockets[0].getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.credentials = Credentials.new()
        self.aws = Aws(self.port, self.credentials)
        self._container_host = self._listen_for_containers()
        self.container_endpoint = f"http://{self._container_host}:{self.port}/{self.credentials.key_id}"
        # The number of restarts. It grows before each restart, so responses come from the same process while it does
        # not change.
        self.incarnation = 0
        self.wakeups: list[threading.Event] = []
        self._on_given_up = on_given_up
        # When it last failed.
        self._failures: deque[float] = deque(maxlen=_MAX_FAILURES)
        # When the disk was last reported to be full.
        self._full_at: float | None = None
        self._stopping = threading.Event()
        self._changes, self._notify = os.pipe()
        threading.Thread(target=self._read_changes, daemon=True).start()
        self._process = self._start()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        self._supervisor.start()

    def wait_until_ready(self) -> None:
        """Wait until MiniStack responds, however long its journal is. Raises RunnerError when it cannot start."""
        while True:
            try:
                self.state()
            except MiniStackGoneError as problem:
                if self.aws.given_up:
                    raise RunnerError(f"MiniStack does not start. Its log is {self.log}.") from problem
                if self._full_at is None:
                    self._console.progress("MiniStack is still starting; a long journal takes a while.")
            else:
                return

    def state(self) -> State:
        """Return the state of the data on disk."""
        return _state(self.aws.http("GET", "/_durable"))

    def snapshot(self, known: State) -> State:
        """Write a snapshot, unless something has changed since `known`, or there is no room. Returns the state then."""
        answer = self.aws.http("POST", "/_durable", json.dumps(asdict(known)))
        if answer[0] == HTTPStatus.INSUFFICIENT_STORAGE:
            self._report_full_disk()
            return known
        return _state(answer)

    def kill(self) -> None:
        """Kill MiniStack. What it has acknowledged is on disk."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._process.kill()
        self._supervisor.join()
        self._close_sockets()
        os.close(self._notify)

    def _listen_for_containers(self) -> str:
        """Return the host by which containers reach MiniStack, after listening there where that is needed."""
        address = containers.address()
        if address is not None:
            # Without it, the runner works, and containers do not reach it.
            with contextlib.suppress(OSError):
                self._sockets.append(listen_on(address, self.port))
        return address or containers.HOST

    def _close_sockets(self) -> None:
        for sock in self._sockets:
            sock.close()

    def _start(self) -> subprocess.Popen[bytes]:
        environment = (
            inherited()
            | NO_SETTINGS
            | {
                "SERVICES": _SERVICES,
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(self.port),
                "MINISTACK_REGION": REGION,
                # The runner needs neither listener.
                "IOT_MTLS_ENABLED": "0",
                "SFTP_ENABLED": "0",
                "LOG_LEVEL": "WARNING",
                VARIABLE: self.credentials.key_id,
            }
        )
        descriptors = [("--listen", sock.fileno()) for sock in self._sockets]
        descriptors += [("--notify", self._notify), ("--lifeline", self._lifeline)]
        options = [f"{name}={descriptor}" for name, descriptor in descriptors]
        options += [f"--host={self._container_host}"]
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - the runner's own command
                [str(self._python), "-m", "local.aws.durable", "--data", str(self._data), *options],
                env=environment,
                cwd=PROJECT,
                pass_fds=[descriptor for _, descriptor in descriptors],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _supervise(self) -> None:
        while True:
            started = time.monotonic()
            status = self._process.wait()
            if self._stopping.is_set():
                return
            if status >= 0 and status != DISK_FULL:
                # Otherwise it was killed, or goes on when there is room.
                self._failures.append(time.monotonic())
            if reason := self._reason_to_give_up(status):
                self._console.error(reason)
                # Closes the connections that wait in the socket.
                self.aws.given_up = True
                self._close_sockets()
                self._on_given_up()
                return
            self._report(status)
            if time.monotonic() - started < _RESTART_PAUSE:
                self._stopping.wait(_RESTART_PAUSE)
            self.incarnation += 1
            if not self._restart():
                return
            self._wake()

    def _reason_to_give_up(self, status: int) -> str | None:
        if status == NO_RESTART:
            return f"MiniStack stopped: {_last_line(self.log)}"
        if len(self._failures) < _MAX_FAILURES or self._failures[-1] - self._failures[0] > _WITHIN:
            return None
        return (
            f"MiniStack failed {_MAX_FAILURES} times within a minute, so it is not restarted. What it had acknowledged "
            f"is on disk. Its log is {self.log}."
        )

    def _report(self, status: int) -> None:
        if status == DISK_FULL:
            self._report_full_disk()
            return
        how = f"signal {-status}" if status < 0 else f"status {status}"
        self._console.warn(f"MiniStack ended ({how}). Restarting it; what it had acknowledged is on disk.")

    def _report_full_disk(self) -> None:
        # Every change that does not fit ends a process, so this is not repeated each time.
        if self._full_at is None or time.monotonic() - self._full_at > _REMINDER:
            self._full_at = time.monotonic()
            self._console.error(
                f"The disk with {self._data.parent} is full: requests whose changes do not fit get 503, and nothing "
                "that was acknowledged is lost. Free some room; there is no need to restart."
            )

    def _restart(self) -> bool:
        """Start a process, and retry while the system refuses. Returns False if the runner stops."""
        while not self._stopping.is_set():
            try:
                self._process = self._start()
            except OSError as problem:
                # For instance, too many files are open.
                self._console.warn(f"MiniStack cannot be restarted ({problem}). Retrying.")
                self._stopping.wait(_RESTART_PAUSE)
            else:
                if self._stopping.is_set():
                    # `kill` may have killed only the previous process.
                    self._process.kill()
                return True
        return False

    def _read_changes(self) -> None:
        while news := os.read(self._changes, 4096):
            if REPLAY_FAILED in news:
                self._console.warn(
                    f"Changes in MiniStack's journal could not be repeated, so local data is missing. See {self.log}."
                )
            self._wake()
        os.close(self._changes)

    def _wake(self) -> None:
        for wakeup in self.wakeups:
            wakeup.set()


def _state(answer: tuple[int, bytes]) -> State:
    status, body = answer
    if status != HTTPStatus.OK:
        raise MiniStackGoneError(f"status {status}")
    return State(**json.loads(body))


def _last_line(path: Path) -> str:
    with contextlib.suppress(OSError, IndexError):
        return path.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1]
    return f"see {path}"
