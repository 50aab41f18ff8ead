"""MiniStack's process is restarted whatever happens."""

import contextlib
import io
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.aws import ministack
from local.aws.durable import DISK_FULL
from local.aws.ministack import MiniStack
from local.console import Console
from local.errors import RunnerError
from tests.local.harness import eventually
from tests.support import ROOT

# What a process does instead of serving: it runs, it ends with a status, or it cannot be started.
RUNS = "cat"


@dataclass
class Supervised:
    served: MiniStack
    out: io.StringIO
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
            outcomes, out = list(processes), io.StringIO()

            def start(_: MiniStack) -> subprocess.Popen[bytes]:
                outcome = outcomes.pop(0)
                if isinstance(outcome, OSError):
                    raise outcome
                return subprocess.Popen(["sh", "-c", outcome], stdin=stdin)

            monkeypatch.setattr(MiniStack, "_start", start)
            monkeypatch.setattr(ministack, "_RESTART_PAUSE", 0.01)
            served = MiniStack(tmp_path, ROOT / ".venv/bin/python", 0, stdin, Console(out))
            closing.callback(served.aws.close)
            closing.callback(served.kill)
            return Supervised(served, out, outcomes)

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
    assert begun.out.getvalue().count("is full: requests that change something get 503") == 1
    assert "ended" not in begun.out.getvalue()


def test_process_that_never_answers_is_not_restarted_for_ever(supervise: Callable[..., Supervised]) -> None:
    begun = supervise(*["exit 1"] * ministack._MAX_FAILED_STARTS)
    with pytest.raises(RunnerError, match=r"MiniStack does not start\. Its log is"):
        begun.served.wait_until_ready()
    assert begun.outcomes == []
