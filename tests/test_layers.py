"""ARCHITECTURE.md draws the modules in layers; imports must go down only."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHARED = ROOT / "layers/shared/shared"
MODULES = sorted(file.stem for file in SHARED.glob("*.py") if file.stem != "__init__")


def drawn_layers() -> dict[str, int]:
    """Give each module's height in the drawing: 0 is the top."""
    section = (ROOT / "ARCHITECTURE.md").read_text().partition("## Modules")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
    return {name: height for height, row in enumerate(rows) for name in re.findall(r"`(\w+)`", row)}


def imported(module: str) -> set[str]:
    """Give the names of the modules of the layer that this one imports."""
    tree = ast.parse((SHARED / f"{module}.py").read_text())
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "shared":
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("shared."):
            names.add(node.module.removeprefix("shared."))
    return names & set(MODULES)


def test_every_module_is_drawn() -> None:
    assert sorted(drawn_layers()) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_nothing_from_above(module: str) -> None:
    layers = drawn_layers()
    assert [name for name in imported(module) if layers[name] < layers[module]] == []
