"""`make endpoint` and `make remove`: the files and the template block of one path."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from local.handlers import declared_path
from scaffold import template
from scaffold.names import ScaffoldError, Url, folder_of
from scaffold.plan import Plan
from scaffold.routes import ROOT

_WHO = ("caller", "admin", "anyone")

TEMPLATE = "template.yaml"
# /api/notes/{noteId}
_DEPTH_OF_RESOURCES = 3
_CODE_URI = re.compile(r"^      CodeUri: functions/(\S+)$", re.MULTILINE)
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    # Python and YAML, not HTML.
    autoescape=False,  # noqa: S701  # nosec B701
)
_ENVIRONMENT.filters["python"] = repr
_ENVIRONMENT.filters["in_query"] = lambda value: quote(str(value).lower() if isinstance(value, bool) else str(value))


def render(name: str, **values: object) -> str:
    """Return a template of this folder, filled in."""
    return _ENVIRONMENT.get_template(name).render(**values)


class Sketch(NamedTuple):
    """An operation to write: an example that works, for its owner to change."""

    verb: str
    name: str
    kind: str
    summary: str
    has_body: bool


_SKETCHES = (
    Sketch("GET", "read", "Data", "Return a text.", has_body=False),
    Sketch("POST", "create", "Created", "Return the text that was sent.", has_body=True),
    Sketch("PUT", "replace", "Data", "Return the text that was sent.", has_body=True),
    Sketch("PATCH", "update", "Data", "Return the text that was sent.", has_body=True),
    Sketch("DELETE", "delete", "NoContent", "Delete nothing yet.", has_body=False),
)


def add_endpoint(plan: Plan, url: Url, verbs: Sequence[str], who: str) -> None:
    """Plan an endpoint: handler, shape, template block and test.

    Raises:
        ScaffoldError: the path, or a file of it, exists; or a verb is unknown.

    """
    known = [sketch.verb for sketch in _SKETCHES]
    if not verbs or set(verbs) - set(known):
        raise ScaffoldError(f"VERBS={' '.join(verbs)}: the verbs are {', '.join(known)}, in capitals.")
    operations = [sketch for sketch in _SKETCHES if sketch.verb in verbs]
    values = {
        "url": url,
        "operations": operations,
        "kinds": sorted({operation.kind for operation in operations}),
        "has_body": any(operation.has_body for operation in operations),
        "who": who,
        "shape": "".join(word.capitalize() for word in url.words),
    }
    plan.create(_add_function(plan, url, who), render("app.py.jinja", **values))
    plan.create(f"layers/shared/shared/shapes/{url.name}.py", render("shape.py.jinja", **values))
    plan.create(f"tests/functions/test_{url.name}.py", render("test_endpoint.py.jinja", **values))


def has_handler(url: Url) -> bool:
    """Return whether the path has a handler, with or without a template block."""
    return (ROOT / _handler_of(Plan(), url)).exists()


def add_block(plan: Plan, url: Url, who: str) -> None:
    """Plan the template block of a handler that is there.

    Raises:
        ScaffoldError: the path has a block, or the handler declares another path.

    """
    handler = _add_function(plan, url, who)
    if declared_path(plan.read(handler).encode()) != url.path:
        raise ScaffoldError(f'{handler} does not declare Api("{url.path}").')


def _handler_of(plan: Plan, url: Url) -> str:
    """Return the file of the path's handler."""
    paths = {own.path for own in template.blocks(plan.read(TEMPLATE))} | {url.path}
    return f"functions/{folder_of(url.path, paths)}/app.py"


def _add_function(plan: Plan, url: Url, who: str) -> str:
    """Plan the template block. Return the file of its handler."""
    if who not in _WHO:
        raise ScaffoldError(f"FOR={who}: who may call is {', '.join(_WHO)}.")
    text = plan.read(TEMPLATE)
    handler = _handler_of(plan, url)
    folder = handler.removeprefix("functions/").removesuffix("/app.py")
    block = render("block.yaml.jinja", url=url, who=who, folder=folder)
    changed = template.with_block(text, url.path, block)
    if re.search(rf"^  {url.function}:$", text, re.MULTILINE):
        raise ScaffoldError(f"template.yaml has a resource {url.function} already.")
    plan.change(TEMPLATE, changed)
    move_folders(plan, {own.path for own in template.blocks(text)} | {url.path})
    return handler


def remove_endpoint(plan: Plan, url: Url) -> list[str]:
    """Plan the removal of an endpoint. Return what still names its path, for somebody to read.

    Raises:
        ScaffoldError: there is no such path.

    """
    text = plan.read(TEMPLATE)
    block = template.block(text, url.path)
    plural = url.path.split("/")[2].replace("-", "_")
    if plan.exists(f"tests/shared/records/test_{plural}_races.py") and url.path.count("/") <= _DEPTH_OF_RESOURCES:
        raise ScaffoldError(f"{url.path} belongs to a resource: make remove NAME=…, with the singular of {plural}.")
    changed = template.without_block(text, url.path)
    folder = _CODE_URI.findall(text[block.start : block.end])[0]
    plan.change(TEMPLATE, changed)
    plan.delete(f"functions/{folder}/app.py")
    for path in (f"layers/shared/shared/shapes/{url.name}.py", f"tests/functions/test_{url.name}.py"):
        if plan.exists(path):
            plan.delete(path)
    move_folders(plan, {other.path for other in template.blocks(changed)})
    return [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in sorted([*ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/**/*.py"), *ROOT.glob("docs/*.md")])
        if plan.exists(str(file.relative_to(ROOT)))
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(rf"{re.escape(url.path)}(?![\w/-])", line)
    ]


def move_folders(plan: Plan, paths: set[str]) -> None:
    """Plan the moves of handlers whose folder changes with these paths: one with a subpath is `index`."""
    text = plan.read(TEMPLATE)
    for own in template.blocks(text):
        block = text[own.start : own.end]
        current, wanted = _CODE_URI.findall(block)[0], folder_of(own.path, paths)
        if current != wanted and plan.exists(f"functions/{current}/app.py"):
            plan.move(f"functions/{current}/app.py", f"functions/{wanted}/app.py")
            moved = block.replace(f"CodeUri: functions/{current}\n", f"CodeUri: functions/{wanted}\n")
            plan.change(TEMPLATE, plan.read(TEMPLATE).replace(block, moved))
