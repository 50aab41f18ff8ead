"""One runner shared by the tests that do not disturb it; the others start their own."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.local.harness import PROJECT, Running


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A runner for the test project, shared by all tests that do not change the project or stop the runner."""
    with Running(PROJECT / "template.yaml", tmp_path_factory.mktemp("data")) as running:
        yield running.ready()


def copy_project(folder: Path) -> Path:
    """Copy the test project into `folder`."""
    shutil.copytree(PROJECT, folder / "project", ignore=shutil.ignore_patterns("__pycache__"))
    return folder / "project"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the test project that a test may change."""
    return copy_project(tmp_path)


@pytest.fixture
def start(project: Path, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start runners on the copy; all of them use the same data."""
    started: list[Running] = []

    def begin(*options: str, **environment: str) -> Running:
        started.append(Running(project / "template.yaml", tmp_path / "data", *options, **environment))
        return started[-1]

    yield begin
    for running in started:
        running.__exit__()
