"""The layer's packages: imports point down, and form no cycle. Functions stand on top."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

from tests.support import ROOT

SHARED = ROOT / "layers/shared/shared"
# From top to bottom: a package may import those after it.
PACKAGES = ("web", "accounts", "mail", "records", "shapes", "values", "core")
FUNCTIONS = sorted((ROOT / "functions").rglob("app.py"))
MODULES = {".".join(file.relative_to(SHARED).with_suffix("").parts): file for file in SHARED.glob("*/*.py")}


def imported(file: Path) -> Iterator[str]:
    """Yield the modules of the layer that a file imports, at run time or only for types: `records.users`."""
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.ImportFrom) or node.module is None or not node.module.startswith("shared."):
            continue
        package = node.module.removeprefix("shared.")
        if "." in package:
            yield package
        else:
            yield from (f"{package}.{alias.name}" for alias in node.names)


def test_layer_consists_of_these_packages() -> None:
    assert {path.parent.name for path in SHARED.glob("*/__init__.py")} == set(PACKAGES)
    assert [path.name for path in SHARED.glob("*.py")] == ["__init__.py"]


def test_imports_between_packages_point_down() -> None:
    arrows = {(module.partition(".")[0], other) for module, file in MODULES.items() for other in imported(file)}
    upward = [
        f"{package} imports {other}"
        for package, other in arrows
        if PACKAGES.index(other.partition(".")[0]) < PACKAGES.index(package)
    ]
    assert upward == []


def test_architecture_md_shows_the_imports_between_packages() -> None:
    arrow = r"^  (\w+)(?:\[.*?\])? -->(?:\|.*?\|)? (\w+)"
    drawn = re.findall(arrow, (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    importers = [(module.partition(".")[0], file) for module, file in MODULES.items()]
    importers += [("functions", file) for file in FUNCTIONS]
    arrows = {(importer, other.partition(".")[0]) for importer, file in importers for other in imported(file)}
    assert sorted(drawn) == sorted(arrow for arrow in arrows if len(set(arrow)) == 2)


def test_only_jobs_import_mail() -> None:
    importers = [file for file in FUNCTIONS if any(module.startswith("mail.") for module in imported(file))]
    assert {file.relative_to(ROOT / "functions").parts[0] for file in importers} == {"jobs"}


def test_no_imports_form_a_cycle() -> None:
    graph = {module: set(imported(file)) for module, file in MODULES.items()}
    # Raises CycleError, which contains the cycle.
    TopologicalSorter(graph).prepare()
