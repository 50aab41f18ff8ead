"""The packages that each function may import at start-up. Each one slows down every cold start.

Before you add a package, measure what it costs (`python -X importtime`, `make bench`), or import it where it is used.
"""

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.support import ROOT

FUNCTIONS = ROOT / "functions"

# Slow modules of the standard library, often imported unnoticed by other packages. The rest of it is not counted.
HEAVY = {"asyncio", "concurrent", "multiprocessing", "sqlite3", "tempfile", "unittest", "xml"}
# Optional packages that botocore and urllib3 import if installed: our tools install them, the layer has none of them.
NOT_IN_LAYER = ["OpenSSL", "awscrt", "certifi"]
# Imported on some versions of Python and not on others.
VERSION_DEPENDENT = {"typing_extensions"}

# The DynamoDB client. Not boto3, which imports s3transfer and multiprocessing.
DYNAMODB = {"botocore", "concurrent", "dateutil", "jmespath", "six", "tempfile", "urllib3", "xml"}
# Parsing JSON bodies and queries. Functions that also answer GET load these with the first input.
INPUTS = {"annotated_types", "pydantic", "pydantic_core", "typing_inspection"}
# Verifying or signing access tokens. cryptography imports bcrypt to read SSH keys.
TOKENS = {"bcrypt", "cryptography", "jwt"}
PASSWORDS = {"bcrypt"}
FORMS = {"multipart"}
EMAILS = {"jinja2", "markupsafe"}
# The circuit breakers of the email providers import boto3.
PROVIDERS = {"aws_lambda_powertools", "boto3", "multiprocessing", "s3transfer"}
BATCHES = {"asyncio"}

BUDGETS = {
    "auth/activity": DYNAMODB | TOKENS,
    "auth/change_email": DYNAMODB | TOKENS | INPUTS,
    "auth/change_password": DYNAMODB | TOKENS | INPUTS,
    "auth/forgot_password": DYNAMODB | TOKENS | INPUTS,
    "auth/login": DYNAMODB | TOKENS | INPUTS,
    "auth/logout": DYNAMODB | TOKENS | INPUTS,
    "auth/me": DYNAMODB | TOKENS,
    "auth/reauthenticate": DYNAMODB | TOKENS | INPUTS,
    "auth/refresh": DYNAMODB | TOKENS | INPUTS,
    "auth/register": DYNAMODB | PASSWORDS | INPUTS,
    "auth/resend_verification": DYNAMODB | PASSWORDS | INPUTS,
    "auth/reset_password": DYNAMODB | TOKENS | INPUTS,
    "auth/sessions/by_id": DYNAMODB | TOKENS,
    "auth/sessions/index": DYNAMODB | TOKENS,
    "auth/verify_email": DYNAMODB | TOKENS | INPUTS,
    "contact": DYNAMODB | INPUTS | FORMS,
    "health": DYNAMODB | TOKENS,
    "jobs/deliver_email": DYNAMODB | EMAILS | PROVIDERS | BATCHES,
    "jobs/redrive_emails": DYNAMODB,
    "jobs/retry_emails": DYNAMODB | EMAILS | PROVIDERS,
    "jobs/remove_closed_accounts": DYNAMODB,
    "jobs/rotate_proxy_key": DYNAMODB,
    "jobs/rotate_signing_key": DYNAMODB | TOKENS,
    "jobs/suppress_address": DYNAMODB | INPUTS,
    "users/by_id": DYNAMODB | TOKENS,
    "users/index": DYNAMODB | TOKENS,
    "well_known/jwks": DYNAMODB | TOKENS,
}

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
        # Types of responses: none is needed to run.
        packages |= {module for module in sys.modules if module.startswith("shared.shapes")}
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
    return {name: countable(set(packages)) for name, packages in map(json.loads, done.stdout.splitlines())}


def countable(packages: set[str]) -> set[str]:
    """Leave out packages that are cheap, or not in the layer."""
    public = {name for name in packages if not name.startswith("_")}
    return public - (sys.stdlib_module_names - HEAVY) - VERSION_DEPENDENT - {"app", "shared", *NOT_IN_LAYER}


def test_each_function_has_a_budget(imports: Mapping[str, set[str]]) -> None:
    without = sorted(imports.keys() ^ BUDGETS.keys())
    assert not without, f"functions/ and BUDGETS in tests/functions/test_imports.py differ: {', '.join(without)}"


def test_each_function_imports_exactly_its_budget(imports: Mapping[str, set[str]]) -> None:
    differing = [
        f"{function}: undeclared {sorted(found - budget)}, unused {sorted(budget - found)}"
        for function, found in imports.items()
        if found != (budget := BUDGETS.get(function, set()))
    ]
    assert not differing, "\n".join(differing)
