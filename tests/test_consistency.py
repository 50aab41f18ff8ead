"""Template, folders and code must agree on the paths of the API. What else names them is derived (`make sync`).

The comparison itself is tested on copies of the project, each with one mismatch.
"""

import importlib.util
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from scaffold.names import folder_of
from tests.support import ROOT, proof

JOBS = "jobs"

# Importing a function reads its configuration.
pytestmark = pytest.mark.usefixtures("environment")


@dataclass(frozen=True)
class Declared:
    """A function in the template: its folder below functions/, and the paths and methods of its events."""

    name: str
    folder: str
    routes: tuple[tuple[str, str], ...]


def in_template(root: Path) -> list[Declared]:
    """Return the functions that the template declares."""
    resources = yaml_parse((root / "template.yaml").read_text())["Resources"]
    return [
        Declared(
            name=name,
            folder=str(resource["Properties"]["CodeUri"]).removeprefix("functions/"),
            routes=tuple(
                (event["Properties"]["Path"], event["Properties"]["Method"])
                for event in resource["Properties"].get("Events", {}).values()
                if event["Type"] == "HttpApi"
            ),
        )
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    ]


def in_folders(root: Path) -> set[str]:
    """Return the folders below functions/ that have an app.py."""
    return {str(file.parent.relative_to(root / "functions")) for file in (root / "functions").glob("**/app.py")}


def in_code(root: Path, folder: str) -> Any:
    """Import a function's app.py as a new module."""
    spec = importlib.util.spec_from_file_location("app", root / "functions" / folder / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look up the module of their annotations.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def mismatches(root: Path) -> Iterator[str]:
    """Describe every mismatch between template, folders and code."""
    functions = in_template(root)
    folders = in_folders(root)
    declared = {function.folder for function in functions}
    yield from (f"template.yaml has no function for functions/{folder}" for folder in sorted(folders - declared))
    yield from (f"functions/{folder}/app.py is missing" for folder in sorted(declared - folders))

    paths = {path for function in functions for path, _ in function.routes}
    for function in functions:
        yield from _check_function(function, paths)
        if function.folder not in folders:
            continue
        if function.routes:
            yield from _check_code(function, in_code(root, function.folder))
        if not list((root / "events" / function.folder).glob("*.json")):
            yield f"events/{function.folder} has no event"


def _check_function(function: Declared, paths: set[str]) -> Iterator[str]:
    if not function.routes and not function.folder.startswith(f"{JOBS}/"):
        yield f"{function.name} has no HttpApi event and is not in functions/{JOBS}"
    for path, method in function.routes:
        if method != "ANY":
            yield f"{function.name} is mapped to {method} only: API Gateway would answer other verbs with 404, not 405"
        if function.folder != folder_of(path, paths):
            yield f"{function.name}: the folder for {path} is functions/{folder_of(path, paths)}, not {function.folder}"


def _check_code(function: Declared, module: Any) -> Iterator[str]:
    for path, _ in function.routes:
        if module.api.path != path:
            yield f"functions/{function.folder}/app.py serves {module.api.path}, but the template declares {path}"
        if not (module.__doc__ or "").startswith(f"{path}: "):
            yield f"functions/{function.folder}/app.py: the docstring does not start with {path}"


def test_template_folders_and_code_agree() -> None:
    found = list(mismatches(ROOT))
    assert not found, "\n".join(found)


# Tests of the comparison ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def part_of_template() -> str:
    template = yaml_parse((ROOT / "template.yaml").read_text())
    kept = {"SessionsFunction", "SessionFunction", "RotateSigningKeyFunction"}
    template["Resources"] = {name: template["Resources"][name] for name in kept}
    return json.dumps(template)


@pytest.fixture
def part(part_of_template: str, tmp_path: Path) -> Path:
    """A small copy of the project without mismatches: two paths and a job."""
    (tmp_path / "template.yaml").write_text(part_of_template)
    for folder in ("auth/sessions/index", "auth/sessions/by_id", "jobs/rotate_signing_key"):
        for kind in ("functions", "events"):
            shutil.copytree(
                ROOT / kind / folder, tmp_path / kind / folder, ignore=shutil.ignore_patterns("__pycache__")
            )
    assert list(mismatches(tmp_path)) == []
    return tmp_path


def edit(name: str, old: str, new: str) -> Callable[[Path], object]:
    """Return a change of the project: replace `old` by `new` in a file."""

    def change(root: Path) -> None:
        text = (root / name).read_text()
        assert old in text
        (root / name).write_text(text.replace(old, new))

    return change


MISMATCHES: dict[str, Callable[[Path], object]] = {
    "functions/auth/sessions/by_id/app.py is missing": lambda root: (
        root / "functions/auth/sessions/by_id/app.py"
    ).unlink(),
    "template.yaml has no function for functions/auth/sessions/by_name": lambda root: shutil.copytree(
        root / "functions/auth/sessions/by_id", root / "functions/auth/sessions/by_name"
    ),
    "is mapped to GET only": edit("template.yaml", '"Method": "ANY"', '"Method": "GET"'),
    "serves /api/auth/sessions/{sessionId}, but the template": edit(
        "template.yaml", "/api/auth/sessions/{sessionId}", "/api/people/{sessionId}"
    ),
    "the folder for /api/people/{sessionId} is": edit(
        "template.yaml", "/api/auth/sessions/{sessionId}", "/api/people/{sessionId}"
    ),
    "SessionsFunction has no HttpApi event": edit("template.yaml", '"HttpApi"', '"Schedule"'),
    "the docstring does not start with": edit(
        "functions/auth/sessions/by_id/app.py", '"""/api/auth/sessions/', '"""/api/auth/session/'
    ),
    "events/jobs/rotate_signing_key has no event": lambda root: shutil.rmtree(root / "events/jobs"),
}


@pytest.mark.parametrize("message", MISMATCHES)
def test_mismatch_is_reported(part: Path, message: str) -> None:
    MISMATCHES[message](part)
    assert any(message in line for line in mismatches(part)), list(mismatches(part))


def test_guide_for_front_ends_has_every_error_code_with_its_status() -> None:
    """Except those of resources that were added, such as `note_not_found`."""
    guide = (ROOT / "docs/front-end.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (\d{3}) \|", guide, re.MULTILINE)
    listed = {(code, int(status)) for codes, status in rows for code in re.findall(r"\w+", codes)}
    documented = {(outcome.code, outcome.status) for outcome in proof.documented() if outcome.code}
    assert {pair for pair in documented if not pair[0].endswith("_not_found")} <= listed
    assert listed <= documented
