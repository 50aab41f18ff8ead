"""The layer's dependencies: every package is imported, licensed acceptably and listed in the generated files."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from checks import dependencies
from checks.dependencies import LAYER, DependencyError, Package
from tests.support import ROOT

PROJECT = tomllib.loads((LAYER / "pyproject.toml").read_text())
VERSIONS = dependencies.versions_in_layer()

# Packages that no function here imports, and why they are in the layer.
NOT_IMPORTED = {
    "aws-xray-sdk": "For Powertools' Tracer, in functions that users add.",
    "pycparser": "cffi requires it, for what nothing here calls.",
    "wrapt": "The X-Ray SDK requires it.",
}

# Imports the layer and every function, and what they import later; prints the names of all modules.
IMPORT_ALL = """
import ast, importlib, importlib.util, json, pathlib, sys
files = [*pathlib.Path("layers/shared/shared").glob("**/*.py"), *pathlib.Path("functions").glob("**/app.py")]
for file in files:
    if file.name == "app.py":
        spec = importlib.util.spec_from_file_location("app", file)
        sys.modules["app"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["app"])
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "snapshot_restore_py":
            continue  # part of the Lambda runtime
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            importlib.import_module(node.module)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                importlib.import_module(alias.name)
from shared.core import aws
aws.dynamodb(), aws.secretsmanager(), aws.sesv2()
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize(
    ("lock", "needed", "not_needed"),
    [(dependencies.CLIENT_LOCK, "openapi-fetch", "vitest"), (dependencies.EXAMPLE_LOCK, "next", "playwright-core")],
    ids=["client", "example"],
)
def test_packages_of_npm_have_allowed_licenses(lock: Path, needed: str, not_needed: str) -> None:
    if not lock.exists():
        pytest.skip(f"the project has no {lock.parent.relative_to(ROOT)}")
    found = dependencies.of_npm(lock)
    names = {package.name for package in found}
    assert needed in names
    assert not_needed not in names
    assert list(dependencies.problems(found, {})) == []


@pytest.mark.usefixtures("environment")
def test_layer_ships_only_imported_packages() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    owners = packages_distributions()
    tops = {module.partition(".")[0] for module in json.loads(done.stdout)}
    imported = {re.sub(r"[-_.]+", "-", owner).lower() for top in tops for owner in owners.get(top, [])}
    assert sorted(VERSIONS.keys() - imported) == sorted(NOT_IMPORTED)


def package(**changes: Any) -> Package:
    return Package(**{"name": "six", "version": "1.0", "license": "MIT", "why": "A test.", "needs": (), **changes})


@pytest.mark.parametrize(
    ("name", "is_refused"),
    [
        ("MIT", False),
        ("MIT OR GPL-3.0-only", False),
        ("(Apache-2.0 OR BSD-3-Clause)", False),
        ("MIT AND PSF-2.0", False),
        ("MIT AND GPL-3.0-only", True),
        ("GPL-3.0-only", True),
        ("none named", True),
    ],
)
def test_license_is_refused_unless_allowed(name: str, is_refused: bool) -> None:  # noqa: FBT001  # a case
    assert bool(list(dependencies.problems([package(license=name)], {}))) == is_refused


def test_outdated_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies, "ROOT", tmp_path)
    file = tmp_path / "dependencies.md"
    file.write_text(dependencies.table([package()]))
    assert list(dependencies.problems([], {file: dependencies.table([package()])})) == []
    (problem,) = dependencies.problems([], {file: dependencies.table([package(version="1.1")])})
    assert "run `make sbom`" in problem


def test_dependency_without_a_reason_is_refused() -> None:
    project = {"project": PROJECT["project"], "tool": {"reasons": {**PROJECT["tool"]["reasons"]}}}
    del project["tool"]["reasons"]["bcrypt"]
    with pytest.raises(DependencyError, match=r"dependencies differ: bcrypt$"):
        dependencies.packages(VERSIONS, project)


@pytest.mark.parametrize(("name", "version"), [("six", "0.1"), ("no-such-package", "1.0")])
def test_lock_that_differs_from_installed_packages_is_refused(name: str, version: str) -> None:
    with pytest.raises(DependencyError, match=f"{name} is .*make lock"):
        dependencies.packages({**VERSIONS, name: version}, PROJECT)


def test_sbom_lists_every_package_once_with_its_dependencies() -> None:
    found = dependencies.packages(VERSIONS, PROJECT)
    document = json.loads(dependencies.sbom(found, "the-layer"))
    purls = [component["purl"] for component in document["components"]]
    assert purls == [f"pkg:pypi/{name}@{version}" for name, version in sorted(VERSIONS.items())]
    dependencies_by_ref = {ref: set(entry["dependsOn"]) for entry in document["dependencies"] for ref in [entry["ref"]]}
    assert set().union(*dependencies_by_ref.values()) == set(purls)
    direct = {re.sub(r"@.*|pkg:pypi/", "", purl) for purl in dependencies_by_ref["the-layer"]}
    assert direct == set(PROJECT["tool"]["reasons"])


def test_extras_of_a_dependency_are_its_dependencies() -> None:
    found = {each.name: each for each in dependencies.packages(VERSIONS, PROJECT)}
    assert "aws-xray-sdk" in found["aws-lambda-powertools"].needs
    assert found["aws-xray-sdk"].why == "Needed by aws-lambda-powertools."


def test_both_files_state_what_the_build_changes() -> None:
    found = dependencies.packages(VERSIONS, PROJECT)
    document = json.loads(dependencies.sbom(found, "the-layer"))
    notes = {each["name"]: each["pedigree"]["notes"] for each in document["components"] if "pedigree" in each}
    assert notes.keys() == {"botocore", "pydantic", "pydantic-core", "pyjwt", "urllib3"}
    assert notes["pyjwt"] == "Imports deferred in jwt/algorithms.py."
    assert "layers/shared/aws_services.py" in notes["botocore"]
    table = dependencies.table(found)
    assert all(f"| {name} | {changes} |" in table for name, changes in notes.items())
