"""Make the installed libraries smaller and faster to import.

The layer's Makefile runs `trim.py <python>` on the folder of installed packages. It makes four changes, the last of
which changes behavior:

- botocore loses the descriptions of AWS services that are not in aws_services.py, and the documentation in the others,
  which are read whenever a client is created.
- Imports that are slow and rarely needed are deferred: moved from the top of a module to the statements that use them.
- A few lines are replaced by faster ones.
- botocore's Loader raises UnsupportedServiceError for services that are not in aws_services.py.

The build fails when a library does not look as expected here. docs/dependencies.md lists the changes by package, and
docs/benchmarks.md what the larger ones save at a cold start.
"""

import ast
import gzip
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aws_services import SERVICES

# Imports to defer, by file. botocore needs configparser for files in ~/.aws, dateutil for dates that arrive as text,
# and its documentation generator for help(); PyJWT needs X.509 when a key for HMAC might be a certificate; pydantic
# needs importlib.metadata for plugins, and urllib3 for HTTP/2.
DEFERRED = {
    "botocore/configloader.py": ["import configparser"],
    "botocore/credentials.py": ["import dateutil.parser", "from dateutil.parser import parse"],
    "botocore/docs/__init__.py": ["from botocore.docs.service import ServiceDocumenter"],
    "botocore/docs/docstring.py": [
        "from botocore.docs.bcdoc.restdoc import DocumentStructure",
        "from botocore.docs.method import document_model_driven_method",
        "from botocore.docs.paginator import document_paginate_method",
        "from botocore.docs.waiter import document_wait_method",
    ],
    "botocore/tokens.py": ["import dateutil.parser"],
    "botocore/utils.py": ["import dateutil.parser"],
    "jwt/algorithms.py": ["from cryptography import x509"],
    "pydantic/plugin/_loader.py": ["import importlib.metadata as importlib_metadata"],
    "urllib3/http2/__init__.py": ["from importlib.metadata import version"],
}

# Texts to replace, by file.
REPLACED = {
    # Plain dictionaries are ordered too, and faster to create.
    "botocore/loaders.py": [("json.loads(payload, object_pairs_hook=OrderedDict)", "json.loads(payload)")],
    # A hundred typed dictionaries that only type checkers read. Plain classes are created faster, and calling one
    # returns a dictionary as before.
    "pydantic_core/core_schema.py": [
        (
            "    from typing import TypedDict\n",
            """\
    class TypedDict:
        def __init_subclass__(cls, total=True):
            pass

        def __new__(cls, **items):
            return items
""",
        )
    ],
}


def trim(packages: Path) -> None:
    """Make all changes to the packages in this folder."""
    keep_services(packages / "botocore" / "data")
    for name in DEFERRED.keys() | REPLACED.keys():
        file = packages / name
        source = file.read_text()
        try:
            for statement in DEFERRED.get(name, []):
                source = defer(source, statement)
            for old, new in REPLACED.get(name, []):
                source = replace(source, old, new)
        except ValueError as error:
            sys.exit(f"{name} does not look as {Path(__file__).name} expects: {error}")
        file.write_text(source)
    with (packages / "botocore" / "loaders.py").open("a") as loaders:
        loaders.write("\n\nimport aws_services\n\naws_services.limit(Loader)\n")


def keep_services(data: Path) -> None:
    """Remove other services from botocore's data, and documentation and examples from those that stay."""
    described = {entry.name for entry in data.iterdir() if entry.is_dir()}
    if unknown := ", ".join(sorted(SERVICES - described)):
        sys.exit(f"layers/shared/aws_services.py: botocore has no {unknown}")
    for service in described - SERVICES:
        shutil.rmtree(data / service)
    prefixes: set[str] = set()
    for file in sorted(data.glob("*/**/*.json*")):
        content = file.read_bytes()
        file.unlink()
        if file.name.startswith("examples-"):
            continue
        description = without_documentation(json.loads(gzip.decompress(content) if file.suffix == ".gz" else content))
        prefixes |= {description["metadata"]["endpointPrefix"]} if "metadata" in description else set()
        # Not compressed: the layer is zipped as a whole.
        write_json(file.with_suffix("") if file.suffix == ".gz" else file, description)
    endpoints = data / "endpoints.json"
    write_json(endpoints, only_services(json.loads(endpoints.read_bytes()), prefixes))


def without_documentation(value: Any) -> Any:
    """Return a description without documentation. A member that is merely named `documentation` stays."""
    if isinstance(value, dict):
        return {
            # A client for S3 reads the documentation of these parameters.
            key: inner if key == "clientContextParams" else without_documentation(inner)
            for key, inner in value.items()
            if not (key == "documentation" and isinstance(inner, str))
        }
    return [without_documentation(inner) for inner in value] if isinstance(value, list) else value


def only_services(endpoints: Any, prefixes: set[str]) -> Any:
    """Return the description of all partitions and regions, but only with the endpoints that have these prefixes."""
    return {
        **endpoints,
        "partitions": [
            {**partition, "services": {key: own for key, own in partition["services"].items() if key in prefixes}}
            for partition in endpoints["partitions"]
        ],
    }


def write_json(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, separators=(",", ":")))


def replace(source: str, old: str, new: str) -> str:
    """Replace a text that occurs once; raise ValueError if it does not."""
    if source.count(old) != 1:
        raise ValueError(f"`{old.strip()}` occurs {source.count(old)} times")
    return source.replace(old, new)


def defer(source: str, statement: str) -> str:
    """Move an import into the functions that need it: above each statement that uses the imported name.

    Raises:
        ValueError: the source has no such import, or uses it where no import can be inserted.

    """
    lines = source.splitlines(keepends=True)
    places = [number for number, line in enumerate(lines) if line.strip() == statement]
    if len(places) != 1:
        raise ValueError(f"`{statement}` occurs {len(places)} times")
    imported = ast.parse(statement).body[0].names[0]  # type: ignore[attr-defined]  # an import
    name = imported.asname or imported.name.partition(".")[0]
    uses = {use.lineno: use for use in statements_using(name, ast.parse(source))}
    if not uses:
        raise ValueError(f"`{name}` is not used")
    # `pass`, since the import may be the only statement of a block.
    lines[places[0]] = lines[places[0]].replace(statement, "pass")
    for number in sorted(uses, reverse=True):
        indent = lines[number - 1][: uses[number].col_offset]
        if indent.strip() or lines[number - 1].startswith(f"{indent}elif"):
            raise ValueError(f"no import can be inserted above line {number}")
        lines.insert(number - 1, f"{indent}{statement}\n")
    return "".join(lines)


def statements_using(name: str, node: ast.AST, statement: ast.stmt | None = None) -> Iterator[ast.stmt]:
    """Yield the innermost statements that use a name.

    Raises:
        ValueError: it is used at module level, so when the module is imported.

    """
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.Name) and part.id == name:
            if statement is None:
                raise ValueError(f"`{name}` is used at module level")
            yield statement
        elif isinstance(part, ast.stmt):
            inside = statement is not None or isinstance(node, ast.FunctionDef)
            yield from statements_using(name, part, part if inside else None)
        else:
            yield from statements_using(name, part, statement)


if __name__ == "__main__":
    trim(Path(sys.argv[1]))
