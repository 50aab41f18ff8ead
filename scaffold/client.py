"""What the TypeScript client takes from docs/openapi.json: a list of operations, and types.

`make sync` writes the list. The types need Node and the client's tools: `make client` writes them, and their header has
the digest of the document that they were made from.
"""

import argparse
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from scaffold.document import FILE
from scaffold.routes import ROOT

FOLDER = ROOT / "clients/typescript"
OPERATIONS = FOLDER / "src/operations.ts"
TYPES = FOLDER / "src/schema.ts"
# In a request, a field with a default may be left out.
_GENERATOR = ("node", "node_modules/openapi-typescript/bin/cli.js", str(FILE), "--default-non-nullable", "false")
_OPERATIONS = """\
// Made from docs/openapi.json by `make sync`. Do not edit.

/** The operations that take an `Idempotency-Key`. */
export const takesKey: ReadonlySet<string> = new Set([{keys}]);

/** The operations that need no access token. An operation that the document does not have may need one. */
export const isPublic: ReadonlySet<string> = new Set([{public}]);
"""


def operations(document: dict[str, Any]) -> str:
    """Return the text of the list of operations."""
    every = [
        (f"{verb.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for verb, operation in item.items()
    ]
    keys = (
        name
        for name, operation in every
        if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ()))
    )
    public = (name for name, operation in every if not operation.get("security"))
    return _OPERATIONS.format(keys=_lines(keys), public=_lines(public))


def _lines(names: Iterator[str]) -> str:
    return "".join(f'\n  "{name}",' for name in names) + "\n"


def _header() -> str:
    digest = hashlib.sha256(FILE.read_bytes()).hexdigest()
    return f"// Made by `make client` from docs/openapi.json (SHA-256 {digest}). Do not edit.\n\n"


def are_current() -> bool:
    """Return whether the types match the document, or there is no client."""
    return not FOLDER.exists() or (TYPES.exists() and TYPES.read_text(encoding="utf-8").startswith(_header()))


def _types() -> str:
    done = subprocess.run(_GENERATOR, cwd=FOLDER, stdout=subprocess.PIPE, text=True, check=True)
    # The generator's own comment says less than our header.
    return _header() + done.stdout.partition("*/\n")[2].lstrip()


def main() -> int:
    """Write or check the types, as the command line says. Return the exit status."""
    parser = argparse.ArgumentParser(prog="make client", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the types are stale")
    parser.add_argument("--is-current", action="store_true", help="compare only the document's digest; needs no Node")
    given = parser.parse_args()
    if given.is_current:
        return 0 if are_current() else 1
    text = _types()
    is_stale = not TYPES.exists() or TYPES.read_text(encoding="utf-8") != text
    name = TYPES.relative_to(ROOT)
    if is_stale and given.check:
        print(f"{name} is stale. Next: make client", file=sys.stderr)
        return 1
    if is_stale:
        TYPES.write_text(text, encoding="utf-8")
        print(f"{name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
