"""What each function imports when it starts: every package is paid for at every cold start, so it is declared here.

Look at what a new one costs (`python -X importtime`, `make bench`) before declaring it, or import it where it is used.
"""

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.support import ROOT

FUNCTIONS = ROOT / "functions"

# Of the standard library only what takes long, and is brought in unawares.
HEAVY = {"asyncio", "concurrent", "multiprocessing", "sqlite3", "tempfile", "unittest", "xml"}
# What botocore and urllib3 take along where it is installed, as it is here by our tools. The layer has none of it.
TOOLS = ["OpenSSL", "awscrt", "certifi"]
# Libraries need it on some Pythons and not on others.
DEPENDS = {"typing_extensions"}

# The client for DynamoDB. Not boto3, which would bring s3transfer and multiprocessing.
DYNAMODB = {"botocore", "concurrent", "dateutil", "jmespath", "six", "tempfile", "urllib3", "xml"}
# Reading JSON bodies and queries; where a path can also be read, only with the first of them.
INPUTS = {"annotated_types", "pydantic", "pydantic_core", "typing_inspection"}
# Verifying or signing access tokens; bcrypt comes along with cryptography's reading of SSH keys.
TOKENS = {"bcrypt", "cryptography", "jwt"}
PASSWORDS = {"bcrypt"}
FORMS = {"multipart"}
MAILS = {"jinja2", "markupsafe"}
# Circuits of mail providers bring boto3 along.
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
    "auth/refresh": DYNAMODB | TOKENS | INPUTS,
    "auth/register": DYNAMODB | PASSWORDS | INPUTS,
    "auth/resend_verification": DYNAMODB | PASSWORDS | INPUTS,
    "auth/reset_password": DYNAMODB | TOKENS | INPUTS,
    "auth/sessions/by_id": DYNAMODB | TOKENS,
    "auth/sessions/index": DYNAMODB | TOKENS,
    "auth/verify_email": DYNAMODB | TOKENS | INPUTS,
    "contact": DYNAMODB | INPUTS | FORMS,
    "health": DYNAMODB | TOKENS,
    "jobs/deliver_email": DYNAMODB | MAILS | PROVIDERS | BATCHES,
    "jobs/redrive_emails": DYNAMODB,
    "jobs/retry_emails": DYNAMODB | MAILS | PROVIDERS,
    "jobs/rotate_signing_key": DYNAMODB | TOKENS,
    "jobs/suppress_address": DYNAMODB | INPUTS,
    "users/by_id": DYNAMODB | TOKENS,
    "users/index": DYNAMODB | TOKENS,
    "well_known/jwks": DYNAMODB | TOKENS,
}

# Every function speaks to DynamoDB: what that takes is imported once, and then each function in a fork of that process.
_PROGRAM = """
import gc, json, os, sys
functions, sys.path[:0] = json.loads(sys.argv[1]), json.loads(sys.argv[2])
sys.modules |= dict.fromkeys(json.loads(sys.argv[3]))
import shared.core.tables
# A collection in each fork would write to, and so copy, all that the forks share.
gc.disable()
gc.freeze()
for name, folder in functions.items():
    if os.fork() == 0:
        sys.path.insert(0, folder)
        import app
        packages = {module.partition(".")[0] for module in sys.modules}
        # A line is one write of less than a pipe takes at once, so lines stay whole.
        os.write(1, json.dumps([name, sorted(packages)]).encode() + b"\\n")
        os._exit(0)
for _ in functions:
    os.wait()
"""


@pytest.fixture(scope="module")
def imports(variables: Mapping[str, str]) -> Mapping[str, set[str]]:
    """Give the packages that are loaded once a function is imported."""
    folders = {str(file.parent.relative_to(FUNCTIONS)): str(file.parent) for file in FUNCTIONS.rglob("app.py")}
    path = [str(ROOT / "layers/shared"), *(folder for folder in sys.path if folder)]
    # Without `site`, whose hooks for packages that are installed in place import things of their own.
    command = [sys.executable, "-S", "-c", _PROGRAM, *map(json.dumps, (folders, path, TOOLS))]
    done = subprocess.run(command, env=dict(variables), capture_output=True, text=True, check=True)
    return {name: counted(set(packages)) for name, packages in map(json.loads, done.stdout.splitlines())}


def counted(packages: set[str]) -> set[str]:
    """Leave out what costs little, and what is not in the layer."""
    public = {name for name in packages if not name.startswith("_")}
    return public - (sys.stdlib_module_names - HEAVY) - DEPENDS - {"app", "shared", *TOOLS}


def test_each_function_has_a_budget(imports: Mapping[str, set[str]]) -> None:
    assert BUDGETS.keys() == imports.keys()


def test_a_function_imports_what_its_budget_says(imports: Mapping[str, set[str]]) -> None:
    differing = {
        function: {"more": sorted(found - BUDGETS[function]), "no longer": sorted(BUDGETS[function] - found)}
        for function, found in imports.items()
        if found != BUDGETS[function]
    }
    assert differing == {}
