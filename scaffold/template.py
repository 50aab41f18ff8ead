"""template.yaml as text: a function's block is added or removed, and nothing else changes, comments included."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from scaffold.names import ScaffoldError

_SECTION = "  # Functions, in the order of their URLs\n"
_BANNER = re.compile(r"^  # (/\S+) -+\n", re.MULTILINE)
_WIDTH = 101
_EXPIRING = "  # Tables whose items expire\n"
_SETTINGS = "      <<: *settings\n"
_VARIABLES = "      Environment:\n        Variables:\n          <<: *variables\n"
_RULE = "  # " + "-" * 93 + "\n"
_COSTLY = re.compile(r"^        ANY (?P<path>\S+): (?P<value>&costly\n(?:          .*\n)+|\*costly\n)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """The text of a path's function, from its banner to the next one."""

    path: str
    start: int
    end: int


def blocks(template: str) -> list[Block]:
    """Return the blocks of all paths, in their order."""
    start = template.index(_SECTION)
    end = template.index(_RULE, template.index(_RULE, start) + len(_RULE))
    found = list(_BANNER.finditer(template, start, end))
    ends = [each.start() for each in found[1:]] + [end]
    return [Block(each[1], each.start(), stop) for each, stop in zip(found, ends, strict=True)]


def block(template: str, path: str) -> Block:
    """Return the block of a path.

    Raises:
        ScaffoldError: the path has none.

    """
    found = next((each for each in blocks(template) if each.path == path), None)
    if found is None:
        raise ScaffoldError(f"template.yaml has no function for {path}.")
    return found


def with_block(template: str, path: str, text: str) -> str:
    """Return the template with the block of another path, in the order of the paths.

    Raises:
        ScaffoldError: the path has a block.

    """
    existing = blocks(template)
    if path in {own.path for own in existing}:
        raise ScaffoldError(f"template.yaml has a function for {path} already.")
    at = next((own.start for own in existing if own.path > path), existing[-1].end)
    return template[:at] + f"{banner(path)}{text.rstrip()}\n\n" + template[at:]


def without_block(template: str, path: str) -> str:
    """Return the template without the block of a path, and without its line under RouteSettings.

    Raises:
        ScaffoldError: the path has no block.

    """
    own = block(template, path)
    return _without_route_settings(template[: own.start] + template[own.end :], path)


def banner(path: str) -> str:
    """Return the comment above a path's function."""
    return f"  # {path} ".ljust(_WIDTH - 2, "-") + "\n"


def _without_route_settings(template: str, path: str) -> str:
    routes = list(_COSTLY.finditer(template))
    own = next((route for route in routes if route["path"].strip("\"'") == path), None)
    if own is None:
        return template
    rest = template[: own.start()] + template[own.end() :]
    if own["value"].startswith("&"):
        # The first one holds the values for all.
        rest = rest.replace("*costly\n", own["value"], 1)
    return rest


# Tables, and the functions that need them -----------------------------------------------------------


def with_table(template: str, table: str) -> str:
    """Return the template with a table after those that must not be lost."""
    at = template.index(_RULE + _EXPIRING)
    return template[:at] + table + template[at:]


def without_table(template: str, name: str) -> str:
    """Return the template without a table."""
    own = _resource(template, name)
    return template[: own.start()] + template[own.end() :]


def with_access(template: str, function: str, variable: str, table: str, statements: Iterable[str]) -> str:
    """Return the template with a variable that has a table's name, and statements about the table, for a function."""
    own = _resource(template, function)
    block = own[0]
    if _VARIABLES not in block:
        block = block.replace(_SETTINGS, _SETTINGS + _VARIABLES)
    block = block.replace(_VARIABLES, f"{_VARIABLES}          {variable}: !Ref {table}\n")
    lines = "".join(f"            - {statement}\n" for statement in statements)
    block = block.replace("      Events:\n", f"{lines}      Events:\n")
    return template[: own.start()] + block + template[own.end() :]


def without_access(template: str, function: str, table: str) -> str:
    """Return the template without a function's variable for a table, and without its statements about the table."""
    own = _resource(template, function)
    block = re.sub(rf"^.*(!Ref {table}$|\b{table}\.Arn\b).*\n", "", own[0], flags=re.MULTILINE)
    if not re.search(rf"{re.escape(_VARIABLES)}          \S", block):
        block = block.replace(_VARIABLES, "")
    return template[: own.start()] + block + template[own.end() :]


def _resource(template: str, name: str) -> re.Match[str]:
    """Return the text of a resource, up to the next one or the comment above it.

    Raises:
        ScaffoldError: there is none of this name.

    """
    found = re.search(rf"^  {name}:\n(?:    .*\n|\n(?=    ))*\n?", template, re.MULTILINE)
    if found is None:
        raise ScaffoldError(f"template.yaml has no resource {name}.")
    return found
