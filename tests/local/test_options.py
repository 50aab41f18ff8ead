"""The command line of the runner."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.__main__ import _options
from tests.support import ROOT


@pytest.mark.parametrize(
    ("variable", "arguments", "port"),
    [("", [], 3000), ("3001", [], 3001), ("3001", ["--port", "3002"], 3002)],
    ids=["default", "PORT", "--port"],
)
def test_port_is_chosen_by_the_variable_or_the_option(
    monkeypatch: pytest.MonkeyPatch, variable: str, arguments: list[str], port: int
) -> None:
    monkeypatch.delenv("PORT", raising=False)
    if variable:
        monkeypatch.setenv("PORT", variable)
    monkeypatch.setattr("sys.argv", ["local", *arguments])
    assert _options().port == port


def test_defaults_are_in_the_project_wherever_the_command_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.argv", ["local"])
    monkeypatch.chdir(tmp_path)
    options = _options()
    assert options.template == ROOT / "template.yaml"
    assert options.data == ROOT / ".local"
    assert options.ministack_python == ROOT / ".venv-ministack/bin/python"
    monkeypatch.chdir(ROOT)
    assert _options().data == Path(".local")


@pytest.mark.parametrize("safe_path", ["", "1"])
def test_runner_is_found_from_any_folder(tmp_path: Path, safe_path: str) -> None:
    environment = {**os.environ, "PYTHONSAFEPATH": safe_path}
    for folder in (tmp_path, ROOT):
        command = [sys.executable, "-m", "local", "--help"]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.stdout.startswith("usage: python -m local"), done.stderr
