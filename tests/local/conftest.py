"""One runner shared by the tests that do not disturb it; the others start their own."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.local.harness import PROJECT, RunnerProcess


@pytest.fixture(scope="session")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunnerProcess]:
    """A runner for the test project, shared by all tests that do not change the project or stop the runner."""
    with RunnerProcess(PROJECT / "template.yaml", tmp_path_factory.mktemp("data")) as runner:
        yield runner.ready()


def copy_project(folder: Path) -> Path:
    """Copy the test project into `folder`."""
    shutil.copytree(PROJECT, folder / "project", ignore=shutil.ignore_patterns("__pycache__"))
    return folder / "project"


@pytest.fixture
def project_copy(tmp_path: Path) -> Path:
    """A copy of the test project that a test may change."""
    return copy_project(tmp_path)


@pytest.fixture
def start(project_copy: Path, tmp_path: Path) -> Iterator[Callable[..., RunnerProcess]]:
    """Start runners on the copy; all of them use the same data."""
    started: list[RunnerProcess] = []

    def begin(*options: str, **environment: str) -> RunnerProcess:
        started.append(RunnerProcess(project_copy / "template.yaml", tmp_path / "data", *options, **environment))
        return started[-1]

    yield begin
    for runner in started:
        runner.__exit__()
