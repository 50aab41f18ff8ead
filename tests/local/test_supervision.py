"""MiniStack's process is restarted whatever happens."""

import contextlib
import io
import os
import subprocess
from pathlib import Path

import pytest

from local.aws import ministack
from local.aws.ministack import MiniStack
from local.console import Console
from tests.local.harness import eventually
from tests.support import ROOT


def test_restart_that_fails_is_retried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = OSError(24, "Too many open files")
    outcomes: list[OSError | str] = ["false", problem, problem, "cat"]
    stdin, hold = os.pipe()

    def start(_: MiniStack) -> subprocess.Popen[bytes]:
        outcome = outcomes.pop(0)
        if isinstance(outcome, OSError):
            raise outcome
        return subprocess.Popen([outcome], stdin=stdin)

    monkeypatch.setattr(MiniStack, "_start", start)
    monkeypatch.setattr(ministack, "_RESTART_PAUSE", 0.01)
    out = io.StringIO()
    served = MiniStack(tmp_path, ROOT / ".venv/bin/python", 0, stdin, Console(out))
    with contextlib.closing(served.aws):
        eventually(lambda: not outcomes, what="the last attempt")
        served.kill()
    assert served.incarnation == 1
    assert out.getvalue().count("MiniStack cannot be restarted ([Errno 24] Too many open files). Retrying.") == 2
    os.close(stdin)
    os.close(hold)
