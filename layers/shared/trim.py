"""Leaves out of the layer's libraries what only people read, and puts off what is hardly ever used.

Run by the layer's Makefile as `trim.py <python>`, the folder of the packages, when only the services that are called
are left in botocore/data. What the libraries do stays as it is:

- botocore's descriptions of services, of which a client is made at every cold start, lose the documentation of each
  parameter, and the regions and endpoints of services that are not called: half of the time went into reading them.
- botocore's generator of docstrings, which is there for the sake of `help(client.get_item)`, is left out.
- pydantic's types of schemas, a hundred typed dictionaries that only type checkers read, are declared as plain classes.
- Imports are put off to where they are used, if nothing here comes by there.

Should a library have any of it otherwise than is known here, the build fails.
"""

import ast
import gzip
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any


def without_words(value: Any) -> Any:
    """Give a description without its documentation, which is a text; a member of that name is none."""
    if isinstance(value, dict):
        return {
            key: without_words(inner)
            for key, inner in value.items()
            if not (key == "documentation" and isinstance(inner, str))
        }
    return [without_words(inner) for inner in value] if isinstance(value, list) else value


def without_others(endpoints: Any, services: set[str]) -> Any:
    """Give the regions of all partitions, and the endpoints there of these services alone, by endpoint prefix."""
    return {
        **endpoints,
        "partitions": [
            {**partition, "services": {key: own for key, own in partition["services"].items() if key in services}}
            for partition in endpoints["partitions"]
        ],
    }


# What botocore/docs/docstring.py defines, without the generators of the text.
DOCSTRINGS = '''"""Left out of the layer: docstrings are empty."""


class LazyLoadedDocstring(str):
    def __new__(cls, *args, **kwargs):
        return super().__new__(cls)


class ClientMethodDocstring(LazyLoadedDocstring):
    pass


class WaiterDocstring(LazyLoadedDocstring):
    pass


class PaginatorDocstring(LazyLoadedDocstring):
    pass
'''


def trim_descriptions(data: Path) -> None:
    """Write what is left in place of what was there, not zipped: the layer is zipped as a whole."""
    prefixes = set()
    for file in sorted(data.rglob("*.json*")):
        content = file.read_bytes()
        file.unlink()
        if file.name.startswith("examples-"):
            continue
        description = json.loads(gzip.decompress(content) if file.suffix == ".gz" else content)
        if file.name.startswith("service-"):
            description = without_words(description)
            prefixes |= {description["metadata"]["endpointPrefix"]} if "metadata" in description else set()
        write(file.with_name(file.name.removesuffix(".gz")), description)
    endpoints = data / "endpoints.json"
    write(endpoints, without_others(json.loads(endpoints.read_bytes()), prefixes))


def trim_docstrings(docs: Path) -> None:
    """Leave the generator of docstrings out of what is imported with a client."""
    package, docstring = docs / "__init__.py", docs / "docstring.py"
    whole = package.read_text()
    found = [defined(whole), defined(docstring.read_text())]
    if found != [{"generate_docs"}, defined(DOCSTRINGS)]:
        sys.exit(f"botocore generates docstrings in another way than {Path(__file__).name} knows: {found}")
    # boto3 asks for its one constant.
    constants = [node for node in ast.parse(whole).body if isinstance(node, ast.Assign)]
    package.write_text("".join(f"{ast.unparse(node)}\n" for node in constants))
    docstring.write_text(DOCSTRINGS)


def defined(source: str) -> set[str]:
    """Give the names of the classes and functions of a module."""
    return {node.name for node in ast.parse(source).body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}


# What takes long to import and is hardly ever used, by the file that imports it. PyJWT looks at certificates when a key
# for HMAC may be one, urllib3 at a version when HTTP/2 is switched on, pydantic at all packages unless plugins are
# switched off; botocore reads dates that come as texts, and files of configuration.
PUT_OFF = {
    "jwt/algorithms.py": ["from cryptography import x509"],
    "urllib3/http2/__init__.py": ["from importlib.metadata import version"],
    "pydantic/plugin/_loader.py": ["import importlib.metadata as importlib_metadata"],
    "botocore/configloader.py": ["import configparser"],
    "botocore/credentials.py": ["import dateutil.parser", "from dateutil.parser import parse"],
    "botocore/tokens.py": ["import dateutil.parser"],
    "botocore/utils.py": ["import dateutil.parser"],
}


def put_off(source: str, statement: str) -> str:
    """Move an import to where what it brings is used: above each statement of a function that does.

    Raises:
        ValueError: there is no such import, or it is used where no import can be put.

    """
    lines = source.splitlines(keepends=True)
    places = [number for number, line in enumerate(lines) if line.strip() == statement]
    if len(places) != 1:
        raise ValueError(f"`{statement}` is there {len(places)} times")
    imported = ast.parse(statement).body[0].names[0]  # type: ignore[attr-defined]  # an import
    name = imported.asname or imported.name.partition(".")[0]
    users = {user.lineno: user for user in users_of(name, ast.parse(source))}
    if not users:
        raise ValueError(f"`{name}` is not used")
    # It may have been all that there is in a block.
    lines[places[0]] = lines[places[0]].replace(statement, "pass")
    for number in sorted(users, reverse=True):
        indent = lines[number - 1][: users[number].col_offset]
        if indent.strip() or lines[number - 1].startswith(f"{indent}elif"):
            raise ValueError(f"no import can be put above line {number}")
        lines.insert(number - 1, f"{indent}{statement}\n")
    return "".join(lines)


def users_of(name: str, node: ast.AST, user: ast.stmt | None = None) -> Iterator[ast.stmt]:
    """Give the innermost statements that use a name.

    Raises:
        ValueError: one of them is in no function, so it is carried out when the module is imported.

    """
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.Name) and part.id == name:
            if user is None:
                raise ValueError(f"`{name}` is used outside functions")
            yield user
        elif isinstance(part, ast.stmt):
            inside = user is not None or isinstance(node, ast.FunctionDef)
            yield from users_of(name, part, part if inside else None)
        else:
            yield from users_of(name, part, user)


# Declares as fast as a class does, and makes dictionaries as before.
TYPED_DICT = """\
    class TypedDict:
        def __init_subclass__(cls, total=True):
            pass

        def __new__(cls, **items):
            return items
"""


def without_typed_dicts(source: str) -> str:
    """Give pydantic_core/core_schema.py with typed dictionaries that only bear the name.

    Raises:
        ValueError: they come from elsewhere than is known here.

    """
    statement = "    from typing import TypedDict\n"
    if source.count(statement) != 1:
        raise ValueError(f"`{statement.strip()}` is there {source.count(statement)} times")
    return source.replace(statement, TYPED_DICT)


def trim_modules(python: Path) -> None:
    """Rewrite the modules that bring what is not needed."""
    changes = {"pydantic_core/core_schema.py": [without_typed_dicts]}
    changes |= {name: [partial(put_off, statement=text) for text in texts] for name, texts in PUT_OFF.items()}
    for name, rewrites in changes.items():
        file = python / name
        source = file.read_text()
        try:
            for rewrite in rewrites:
                source = rewrite(source)
            compile(source, name, "exec")
        except (SyntaxError, ValueError) as error:
            sys.exit(f"{name} is not as {Path(__file__).name} knows it: {error}")
        file.write_text(source)


def write(file: Path, description: Any) -> None:
    file.write_text(json.dumps(description, separators=(",", ":")))


if __name__ == "__main__":
    packages = Path(sys.argv[1])
    trim_descriptions(packages / "botocore" / "data")
    trim_docstrings(packages / "botocore" / "docs")
    trim_modules(packages)
