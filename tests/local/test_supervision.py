"""MiniStack's process is restarted whatever happens."""

import contextlib
import io
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.aws import ministack
from local.aws.durable import DISK_FULL
from local.aws.ministack import MiniStack, State
from local.console import Console
from local.errors import RunnerError
from tests.local.harness import TIMEOUT, eventually
from tests.support import ROOT

# What a process does instead of serving: it runs, it ends with a status, or it cannot be started.
RUNS = "cat"


@dataclass
class Supervised:
    served: MiniStack
    out: io.StringIO
    given_up: threading.Event
    # What is left of the processes to start.
    outcomes: list[OSError | str]


@pytest.fixture
def supervise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Supervised]]:
    """Start MiniStack with these processes, one after the other."""
    stdin, hold = os.pipe()
    with contextlib.ExitStack() as closing:
        closing.callback(os.close, hold)
        closing.callback(os.close, stdin)

        def supervise(*processes: OSError | str) -> Supervised:
            outcomes, out, given_up = list(processes), io.StringIO(), threading.Event()

            def start(_: MiniStack) -> subprocess.Popen[bytes]:
                outcome = outcomes.pop(0)
                if isinstance(outcome, OSError):
                    raise outcome
                return subprocess.Popen(["sh", "-c", outcome], stdin=stdin)

            monkeypatch.setattr(MiniStack, "_start", start)
            monkeypatch.setattr(ministack, "_RESTART_PAUSE", 0.01)
            python = ROOT / ".venv/bin/python"
            served = MiniStack(tmp_path, python, 0, stdin, Console(out), on_given_up=given_up.set)
            closing.callback(served.aws.close)
            closing.callback(served.kill)
            return Supervised(served, out, given_up, outcomes)

        yield supervise


def test_restart_that_fails_is_retried(supervise: Callable[..., Supervised]) -> None:
    problem = OSError(24, "Too many open files")
    begun = supervise("exit 1", problem, problem, RUNS)
    eventually(lambda: not begun.outcomes, what="the last attempt")
    assert begun.served.incarnation == 1
    assert begun.out.getvalue().count("MiniStack cannot be restarted ([Errno 24] Too many open files). Retrying.") == 2


def test_full_disk_is_reported_once_while_every_change_ends_the_process(supervise: Callable[..., Supervised]) -> None:
    begun = supervise(f"exit {DISK_FULL}", f"exit {DISK_FULL}", f"exit {DISK_FULL}", RUNS)
    eventually(lambda: not begun.outcomes, what="the last attempt")
    assert begun.out.getvalue().count("is full: requests whose changes do not fit get 503") == 1
    assert "ended" not in begun.out.getvalue()


def test_snapshot_without_room_is_reported_once_and_not_retried_at_once(
    supervise: Callable[..., Supervised], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = supervise(RUNS)
    monkeypatch.setattr(begun.served.aws, "http", lambda *_: (507, b"{}"))
    known = State(3, 4, 5)
    assert [begun.served.snapshot(known), begun.served.snapshot(known)] == [known, known]
    assert begun.out.getvalue().count("is full: ") == 1


def test_process_that_never_answers_is_not_restarted_for_ever(supervise: Callable[..., Supervised]) -> None:
    begun = supervise(*["exit 1"] * ministack._MAX_FAILURES)
    with pytest.raises(RunnerError, match=r"MiniStack does not start\. Its log is"):
        begun.served.wait_until_ready()
    assert begun.outcomes == []
    assert begun.given_up.wait(TIMEOUT)


def test_process_that_ends_again_and_again_is_given_up(
    supervise: Callable[..., Supervised], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MiniStack, "state", lambda _: State(0, 0, 0))
    begun = supervise(RUNS, *["exit 1"] * ministack._MAX_FAILURES)
    begun.served.wait_until_ready()
    begun.served._process.kill()
    assert begun.given_up.wait(TIMEOUT)
    assert begun.outcomes == []
    assert begun.out.getvalue().count("MiniStack ended (status 1)") == ministack._MAX_FAILURES - 1
    assert "MiniStack failed 5 times within a minute, so it is not restarted." in begun.out.getvalue()


def test_process_that_ends_now_and_then_is_restarted(
    supervise: Callable[..., Supervised], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MiniStack, "state", lambda _: State(0, 0, 0))
    monkeypatch.setattr(ministack, "_WITHIN", 0.0)
    begun = supervise(*["exit 1"] * ministack._MAX_FAILURES * 2, RUNS)
    eventually(lambda: not begun.outcomes, what="the last start")
    assert not begun.given_up.is_set()
