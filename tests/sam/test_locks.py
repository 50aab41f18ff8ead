"""The locks: one version of each package everywhere, a hash for every file, and no trace of where they were made."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from layers.sizes import reasons
from tests.support import ROOT

DEV = ROOT / "requirements-dev.txt"
RUN = ROOT / "requirements-run.txt"
LAYER = ROOT / "layers" / "shared" / "requirements.txt"
MINISTACK = ROOT / "requirements-ministack.txt"
CHECKS = ROOT / "requirements-checks.txt"
PEERS = ROOT / "benchmarks" / "requirements-peers.txt"


def locked(lock: Path) -> dict[str, set[str]]:
    """Return the versions of each package: more than one where they depend on the Python that installs them."""
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([\w.]+)", lock.read_text(), re.MULTILINE):
        versions.setdefault(name, set()).add(version)
    return versions


@pytest.mark.parametrize("lock", [RUN, LAYER], ids=["run", "layer"])
def test_what_runs_is_what_is_tested(lock: Path) -> None:
    tested = locked(DEV)
    assert {name: versions for name, versions in locked(lock).items() if tested.get(name) != versions} == {}


def test_the_packages_that_the_layer_is_compared_with_have_its_versions() -> None:
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


def test_the_layer_s_lock_has_no_conditions() -> None:
    """Pip would evaluate them for the Python and the system that it runs on, not for Lambda's."""
    assert " ; " not in LAYER.read_text()


def test_the_layer_s_dependencies_have_a_reason() -> None:
    project = tomllib.loads((LAYER.parent / "pyproject.toml").read_text())
    why = reasons()
    direct = [Requirement(dependency).name for dependency in project["project"]["dependencies"]]
    assert [name for name in direct if why[name].startswith("Needed by")] == []
    assert [name for name in locked(LAYER) if why[name] == "Needed by ."] == []
