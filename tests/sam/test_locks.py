"""The locks: one version of each package everywhere, every file by its hash, and nothing of where they were made."""

import re
import tomllib
from pathlib import Path

import pytest

from layers.sizes import reasons
from tests.support import ROOT

DEV = ROOT / "requirements-dev.txt"
RUN = ROOT / "requirements-run.txt"
LAYER = ROOT / "layers" / "shared" / "requirements.txt"
MINISTACK = ROOT / "requirements-ministack.txt"
CHECKS = ROOT / "requirements-checks.txt"
PEERS = ROOT / "benchmarks" / "requirements-peers.txt"


def locked(lock: Path) -> dict[str, set[str]]:
    """Give the versions of each package: more than one where they depend on the Python that installs them."""
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", lock.read_text(), re.MULTILINE):
        versions.setdefault(name, set()).add(version)
    return versions


@pytest.mark.parametrize("lock", [RUN, LAYER], ids=["run", "layer"])
def test_what_runs_is_what_is_tested(lock: Path) -> None:
    tested = locked(DEV)
    assert {name: versions for name, versions in locked(lock).items() if tested.get(name) != versions} == {}


def test_what_the_layer_is_compared_with_has_its_versions() -> None:
    ours = locked(LAYER)
    assert {name: found for name, found in locked(PEERS).items() if ours.get(name, found) != found} == {}


@pytest.mark.parametrize(
    "lock", [DEV, RUN, LAYER, MINISTACK, CHECKS, PEERS], ids=["dev", "run", "layer", "ministack", "checks", "peers"]
)
def test_a_lock_installs_the_same_files_from_anywhere(lock: Path) -> None:
    text = lock.read_text()
    pinned = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert pinned
    assert [entry for entry in pinned if "--hash=sha256:" not in entry] == []
    assert re.findall(r"^\s*-(?!-hash=).*|\w+://\S+", text, re.MULTILINE) == []


def test_the_layer_s_lock_asks_nothing_of_the_building_machine() -> None:
    """Pip would answer a condition with the Python and the system that it runs on, not with Lambda's."""
    assert " ; " not in LAYER.read_text()


def test_the_layer_s_dependencies_say_why_they_are_there() -> None:
    project = tomllib.loads((LAYER.parent / "pyproject.toml").read_text())
    why = reasons()
    assert [name for name in project["project"]["dependencies"] if why[name].startswith("needed by")] == []
    assert [name for name in locked(LAYER) if why[name] == "needed by "] == []
