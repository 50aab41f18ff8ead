"""The locks: one version of each package everywhere, a hash for every file, and no trace of where they were made."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from checks.dependencies import locked
from layers.sizes import reasons
from tests.support import ROOT

DEV = ROOT / "requirements-dev.txt"
RUN = ROOT / "requirements-run.txt"
LAYER = ROOT / "layers" / "shared" / "requirements.txt"
MINISTACK = ROOT / "requirements-ministack.txt"
CHECKS = ROOT / "requirements-checks.txt"
NODE = ROOT / "requirements-node.txt"
CLIENT = ROOT / "clients" / "typescript" / "package-lock.json"
EXAMPLE = ROOT / "examples" / "nextjs" / "package-lock.json"
UV = ROOT / "requirements-uv.txt"
CONTENDERS = ROOT / "benchmarks" / "requirements-peers.txt"


@pytest.mark.parametrize("lock", [RUN, LAYER], ids=["run", "layer"])
def test_packages_that_run_have_the_tested_versions(lock: Path) -> None:
    tested = locked(DEV.read_text())
    assert {name: versions for name, versions in locked(lock.read_text()).items() if tested.get(name) != versions} == {}


def test_contenders_use_the_versions_of_the_layer() -> None:
    ours = locked(LAYER.read_text())
    assert {
        name: found for name, found in locked(CONTENDERS.read_text()).items() if ours.get(name, found) != found
    } == {}


@pytest.mark.parametrize(
    "lock",
    [DEV, RUN, LAYER, MINISTACK, CHECKS, CONTENDERS, NODE, UV],
    ids=["dev", "run", "layer", "ministack", "checks", "contenders", "node", "uv"],
)
def test_lock_installs_the_same_files_from_anywhere(lock: Path) -> None:
    text = lock.read_text()
    pinned = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert pinned
    assert [entry for entry in pinned if "--hash=sha256:" not in entry] == []
    assert re.findall(r"^\s*-(?!-hash=).*|\w+://\S+", text, re.MULTILINE) == []


@pytest.mark.parametrize("lock", [CLIENT, EXAMPLE], ids=["client", "example"])
def test_lock_of_npm_installs_the_same_files_from_anywhere(lock: Path) -> None:
    if not lock.exists():
        pytest.skip(f"the project has no {lock.parent.relative_to(ROOT)}")
    locked_packages: dict[str, dict[str, Any]] = json.loads(lock.read_text())["packages"]
    # Folders of the project are linked, not installed.
    packages = {
        name: package for name, package in locked_packages.items() if "node_modules/" in name and "link" not in package
    }
    assert packages
    assert [name for name, package in packages.items() if "sha512-" not in package.get("integrity", "")] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_lock_of_the_layer_has_no_conditions() -> None:
    """Pip would evaluate them for the Python and the system that it runs on, not for Lambda's."""
    assert " ; " not in LAYER.read_text()


def test_dependencies_of_the_layer_have_a_reason() -> None:
    project = tomllib.loads((LAYER.parent / "pyproject.toml").read_text())
    why = reasons()
    direct = [Requirement(dependency).name for dependency in project["project"]["dependencies"]]
    assert [name for name in direct if why[name].startswith("Needed by")] == []
    assert [name for name in locked(LAYER.read_text()) if why[name] == "Needed by ."] == []
