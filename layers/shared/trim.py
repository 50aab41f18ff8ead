"""Leaves out of botocore what only people read, and the endpoints of services that are not called.

Run by the layer's Makefile as `trim.py <botocore>`, when only the services that are called are left in botocore/data. A
client is made from these at every cold start, and half of that time went into reading: every region of all of AWS, and
the documentation of each parameter. Operations, shapes, rules and endpoints stay as they are.

With them goes the generator of docstrings, which botocore imports for the sake of `help(client.get_item)`. Should a
version of botocore have it otherwise than is known here, the build fails.
"""

import ast
import gzip
import json
import sys
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


def write(file: Path, description: Any) -> None:
    file.write_text(json.dumps(description, separators=(",", ":")))


if __name__ == "__main__":
    trim_descriptions(Path(sys.argv[1]) / "data")
    trim_docstrings(Path(sys.argv[1]) / "docs")
