"""Template, folders, code, events and README must agree on the paths and verbs of the API.

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
from typing import Any, TypeAlias

import pytest
from samcli.yamlhelper import yaml_parse

from tests.support import ROOT

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
JOBS = "jobs"

# Importing a function reads its configuration.
pytestmark = pytest.mark.usefixtures("environment")

Routes: TypeAlias = dict[str, frozenset[str]]


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


def in_readme(root: Path) -> Routes:
    """Return the paths and verbs in the README: table rows with a path in the first cell and verbs in the second."""
    routes: dict[str, frozenset[str]] = {}
    for line in (root / "README.md").read_text().splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
        if len(cells) > 1 and cells[0].startswith("/"):
            verbs = frozenset(re.split(r"[,\s]+", cells[1].replace("`", "")))
            if verbs <= set(VERBS):
                routes[cells[0]] = routes.get(cells[0], frozenset()) | verbs
    return routes


def folder_of(path: str, paths: set[str]) -> str:
    """Return the folder for a path: users/by_id for /api/users/{userId}, users/index for /api/users (has a subpath)."""
    parts = [
        "by_id" if part.startswith("{") else part.removeprefix(".").removesuffix(".json").replace("-", "_")
        for part in path.removeprefix("/api/").strip("/").split("/")
    ]
    if any(other.startswith(f"{path}/") for other in paths):
        parts.append("index")
    return "/".join(parts)


def mismatches(root: Path) -> Iterator[str]:
    """Describe every mismatch between template, folders, code, events and README."""
    functions = in_template(root)
    folders = in_folders(root)
    declared = {function.folder for function in functions}
    yield from (f"template.yaml has no function for functions/{folder}" for folder in sorted(folders - declared))
    yield from (f"functions/{folder}/app.py is missing" for folder in sorted(declared - folders))

    paths = {path for function in functions for path, _ in function.routes}
    code: Routes = {}
    for function in functions:
        yield from _check_function(function, paths)
        if function.folder not in folders:
            continue
        module = in_code(root, function.folder) if function.routes else None
        if module is not None:
            code[module.api.path] = frozenset(module.api.methods)
            yield from _check_code(function, module)
        yield from _check_events(root, function, module)
    yield from _check_readme(code, in_readme(root))
    yield from _check_orphaned_events(root, folders)


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


def _check_events(root: Path, function: Declared, module: Any) -> Iterator[str]:
    folder = root / "events" / function.folder
    files = {file.stem: file for file in folder.glob("*.json")}
    if module is None:
        if not files:
            yield f"events/{function.folder} has no event"
        return
    verbs = {verb.lower() for verb in module.api.methods}
    for verb in sorted(verbs ^ files.keys()):
        problem = "is missing" if verb in verbs else "is for a verb that the code does not handle"
        yield f"events/{function.folder}/{verb}.json {problem}"
    for verb in sorted(verbs & files.keys()):
        event = json.loads(files[verb].read_text())
        yield from (
            f"events/{function.folder}/{verb}.json: {problem}" for problem in _check_event(event, verb, module.api.path)
        )


def _check_event(event: dict[str, Any], verb: str, path: str) -> Iterator[str]:
    """Describe contradictions within an event, which API Gateway would never send."""
    context, http = event["requestContext"], event["requestContext"]["http"]
    if {event["routeKey"], context["routeKey"]} != {f"ANY {path}"}:
        yield f"its routeKey is not ANY {path}"
    if http["method"] != verb.upper():
        yield f"its method is {http['method']}"
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
    match = re.fullmatch(pattern, event["rawPath"])
    if not match or event["rawPath"] != http["path"] or match.groupdict() != event.get("pathParameters", {}):
        yield "rawPath, http.path and pathParameters disagree"
    query = "&".join(f"{name}={value}" for name, value in event.get("queryStringParameters", {}).items())
    if query != event["rawQueryString"]:
        yield "rawQueryString and queryStringParameters disagree"
    if any(name != name.lower() for name in event["headers"]):
        yield "header names must be in lower case"


def _check_readme(code: Routes, readme: Routes) -> Iterator[str]:
    for path in sorted(code.keys() | readme.keys()):
        served, documented = code.get(path, frozenset()), readme.get(path, frozenset())
        if served != documented:
            yield f"{path}: the code handles {_listed(served)}, README.md lists {_listed(documented)}"


def _check_orphaned_events(root: Path, folders: set[str]) -> Iterator[str]:
    for folder in sorted(
        {str(file.parent.relative_to(root / "events")) for file in (root / "events").glob("*/**/*.json")}
    ):
        if folder not in folders:
            yield f"events/{folder} has no function"


def _listed(verbs: frozenset[str]) -> str:
    return ", ".join(verb for verb in VERBS if verb in verbs) or "nothing"


def test_template_folders_code_events_and_readme_agree() -> None:
    found = list(mismatches(ROOT))
    assert not found, "\n".join(found)


# Tests of the comparison ---------------------------------------------------------------------------

README = """
| path | verb | who |
|---|---|---|
| `/api/users` | GET, POST | admin |
| `/api/users/{userId}` | `GET` | self |
| `/api/users/{userId}` | PUT, PATCH | self |
| `/api/users/{userId}` | DELETE | self |
"""


@pytest.fixture(scope="module")
def part_of_template() -> str:
    template = yaml_parse((ROOT / "template.yaml").read_text())
    kept = {"UsersFunction", "UserFunction", "RotateSigningKeyFunction"}
    template["Resources"] = {name: template["Resources"][name] for name in kept}
    return json.dumps(template)


@pytest.fixture
def part(part_of_template: str, tmp_path: Path) -> Path:
    """A small copy of the project without mismatches: two paths and a job."""
    (tmp_path / "template.yaml").write_text(part_of_template)
    (tmp_path / "README.md").write_text(README)
    for folder in ("users/index", "users/by_id", "jobs/rotate_signing_key"):
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
    "functions/users/by_id/app.py is missing": lambda root: (root / "functions/users/by_id/app.py").unlink(),
    "template.yaml has no function for functions/users/by_name": lambda root: shutil.copytree(
        root / "functions/users/by_id", root / "functions/users/by_name"
    ),
    "is mapped to GET only": edit("template.yaml", '"Method": "ANY"', '"Method": "GET"'),
    "serves /api/users/{userId}, but the template": edit(
        "template.yaml", "/api/users/{userId}", "/api/people/{userId}"
    ),
    "the folder for /api/people/{userId} is": edit("template.yaml", "/api/users/{userId}", "/api/people/{userId}"),
    "UsersFunction has no HttpApi event": edit("template.yaml", '"HttpApi"', '"Schedule"'),
    "the docstring does not start with": edit("functions/users/by_id/app.py", '"""/api/users/', '"""/api/user/'),
    "events/users/by_id/post.json is missing": edit("functions/users/by_id/app.py", "@api.put", "@api.post"),
    "events/users/by_id/put.json is for a verb": edit("functions/users/by_id/app.py", "@api.put", "@api.post"),
    "/api/users/{userId}: the code handles GET, POST, PATCH, DELETE, README.md lists GET, PUT, PATCH, DELETE": edit(
        "functions/users/by_id/app.py", "@api.put", "@api.post"
    ),
    "/api/users: the code handles GET, POST, README.md lists GET": edit("README.md", "GET, POST", "GET"),
    "/api/teams: the code handles nothing, README.md lists GET, POST": edit("README.md", "/api/users`", "/api/teams`"),
    "events/users/index/get.json is missing": lambda root: (root / "events/users/index/get.json").unlink(),
    "events/jobs/rotate_signing_key has no event": lambda root: shutil.rmtree(root / "events/jobs"),
    "events/teams has no function": lambda root: shutil.copytree(root / "events/users/index", root / "events/teams"),
    "its routeKey is not": edit("events/users/index/get.json", "ANY /api/users", "GET /api/users"),
    "its method is PUT": edit("events/users/index/get.json", '"GET"', '"PUT"'),
    "pathParameters disagree": edit("events/users/by_id/get.json", '"userId": "0', '"userId": "1'),
    "queryStringParameters disagree": edit("events/users/index/get.json", "limit=20", "limit=21"),
    "header names must be in lower case": edit("events/users/index/get.json", '"accept"', '"Accept"'),
}


@pytest.mark.parametrize("message", MISMATCHES)
def test_mismatch_is_reported(part: Path, message: str) -> None:
    MISMATCHES[message](part)
    assert any(message in line for line in mismatches(part)), list(mismatches(part))
