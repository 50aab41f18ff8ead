"""The layer's six packages: imports point down only, within a package and between packages never in a circle."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

from tests.support import ROOT

SHARED = ROOT / "layers/shared/shared"
# From the top down: each may import those after it.
PACKAGES = ("web", "accounts", "mail", "records", "values", "core")
MODULES = {".".join(file.relative_to(SHARED).with_suffix("").parts): file for file in SHARED.glob("*/*.py")}


def imported(file: Path) -> Iterator[str]:
    """Yield the modules of the layer that a file imports, for types only included: `records.users`."""
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.ImportFrom) or node.module is None or not node.module.startswith("shared."):
            continue
        package = node.module.removeprefix("shared.")
        if "." in package:
            yield package
        else:
            yield from (f"{package}.{alias.name}" for alias in node.names)


def test_the_layer_consists_of_these_packages() -> None:
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


def test_architecture_md_draws_the_imports_between_packages() -> None:
    drawn = re.findall(r"^  (\w+)(?:\[.*?\])? --> (\w+)", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    arrows = {
        (module.partition(".")[0], other.partition(".")[0]) for module in MODULES for other in imported(MODULES[module])
    }
    assert {arrow for arrow in drawn if arrow[0] != "functions"} == {arrow for arrow in arrows if len(set(arrow)) == 2}


def test_no_modules_import_each_other() -> None:
    graph = {module: set(imported(file)) for module, file in MODULES.items()}
    # Raises CycleError, which names the circle.
    TopologicalSorter(graph).prepare()
