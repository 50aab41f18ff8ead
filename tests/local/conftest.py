"""One runner for the tests that only look; those that break something start their own."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.local.harness import PROJECT, Running


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A runner for the test project, shared by a module."""
    with Running(PROJECT / "template.yaml", tmp_path_factory.mktemp("data")) as running:
        yield running.ready()


def copy_project(folder: Path) -> Path:
    """Copy the test project into `folder`."""
    shutil.copytree(PROJECT, folder / "project", ignore=shutil.ignore_patterns("__pycache__"))
    return folder / "project"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the test project, to be changed."""
    return copy_project(tmp_path)


@pytest.fixture
def start(project: Path, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts runners on the copy; all of them use the same data."""
    started: list[Running] = []

    def begin(*options: str, **environment: str) -> Running:
        started.append(Running(project / "template.yaml", tmp_path / "data", *options, **environment))
        return started[-1]

    yield begin
    for running in started:
        running.__exit__()
