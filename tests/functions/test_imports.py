"""The packages that each function may import at start-up. Each one slows down every cold start.

Before you add a package, measure what it costs (`python -X importtime`, `make bench`), or import it where it is used.
"""

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.support import ROOT, records

FUNCTIONS = ROOT / "functions"

# Slow modules of the standard library, often imported unnoticed by other packages. The rest of it is not counted.
HEAVY = {"asyncio", "concurrent", "multiprocessing", "sqlite3", "tempfile", "unittest", "xml"}
# Optional packages that botocore and urllib3 import if installed: our tools install them, the layer has none of them.
NOT_IN_LAYER = ["OpenSSL", "awscrt", "certifi"]
# Imported on some versions of Python and not on others.
VERSION_DEPENDENT = {"typing_extensions"}

# By function. `make sync` writes it: look at what is new in it.
FILE = ROOT / "tests/functions/imports.json"

# Every function uses DynamoDB: its client is imported once, and then each function in a fork of that process.
_PROGRAM = """
import gc, json, os, sys
functions, sys.path[:0] = json.loads(sys.argv[1]), json.loads(sys.argv[2])
sys.modules |= dict.fromkeys(json.loads(sys.argv[3]))
import shared.core.tables
# Garbage collection in a fork would write to, and so copy, the memory that the forks share.
gc.disable()
gc.freeze()
for name, folder in functions.items():
    if os.fork() == 0:
        sys.path.insert(0, folder)
        import app
        packages = {module.partition(".")[0] for module in sys.modules}
        # Types of responses: none is needed to run. Use cases: one of them lists what accounts own.
        packages |= {module for module in sys.modules if module.startswith(("shared.shapes", "shared.accounts"))}
        # One short write per line: a pipe does not mix the lines of the forks.
        os.write(1, json.dumps([name, sorted(packages)]).encode() + b"\\n")
        os._exit(0)
for _ in functions:
    os.wait()
"""


@pytest.fixture(scope="module")
def imports(variables: Mapping[str, str]) -> Mapping[str, set[str]]:
    """The packages that are loaded after each function was imported."""
    folders = {str(file.parent.relative_to(FUNCTIONS)): str(file.parent) for file in FUNCTIONS.rglob("app.py")}
    path = [str(ROOT / "layers/shared"), *(folder for folder in sys.path if folder)]
    # -S: without `site`, whose hooks for editable installs import modules of their own.
    command = [sys.executable, "-S", "-c", _PROGRAM, *map(json.dumps, (folders, path, NOT_IN_LAYER))]
    done = subprocess.run(command, env=dict(variables), capture_output=True, text=True, check=True)
    return {name: set(packages) for name, packages in map(json.loads, done.stdout.splitlines())}


def countable(packages: set[str]) -> set[str]:
    """Leave out packages that are cheap, or not in the layer."""
    public = {name for name in packages if not name.startswith(("_", "shared."))}
    return public - (sys.stdlib_module_names - HEAVY) - VERSION_DEPENDENT - {"app", "shared", *NOT_IN_LAYER}


def test_each_function_imports_exactly_its_budget(imports: Mapping[str, set[str]]) -> None:
    records.verify(FILE, {function: sorted(countable(packages)) for function, packages in imports.items()})


def test_no_function_loads_the_shapes_of_responses(imports: Mapping[str, set[str]]) -> None:
    assert [name for name, packages in imports.items() if any("shapes" in package for package in packages)] == []


def test_only_the_export_and_the_job_of_closed_accounts_load_what_accounts_own(imports: Mapping[str, set[str]]) -> None:
    loading = {name for name, packages in imports.items() if "shared.accounts.resources" in packages}
    assert loading == {"auth/export", "jobs/remove_closed_accounts"}
