"""Tests and local runs ignore whatever the developer has set for AWS and for Python."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local import clean
from local.clean import NO_SETTINGS, clean_environment
from tests.local.harness import RunnerProcess
from tests.support import ROOT

NOWHERE = "http://127.0.0.1:9"
HOSTILE = {
    "profile that does not exist": {"AWS_PROFILE": "nobody"},
    "empty profile": {"AWS_PROFILE": "", "AWS_DEFAULT_PROFILE": ""},
    "endpoint for all services": {"AWS_ENDPOINT_URL": NOWHERE},
    "endpoint for one service": {"AWS_ENDPOINT_URL_DYNAMODB": NOWHERE, "AWS_ENDPOINT_URL_SECRETS_MANAGER": NOWHERE},
    "other endpoints of AWS": {"AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_USE_FIPS_ENDPOINT": "true"},
    "other region and credentials": {"AWS_REGION": "cn-north-1", "AWS_SESSION_TOKEN": "x", "AWS_ROLE_ARN": "y"},
    "malformed setting": {"AWS_MAX_ATTEMPTS": "many", "AWS_RETRY_MODE": "often"},
    "settings of Python": {"PYTHONSAFEPATH": "1", "PYTHONWARNINGS": "error", "PYTHONPATH": "/nowhere"},
}
CONFIGS = {
    "endpoint in the config": "[default]\nendpoint_url = http://127.0.0.1:9\nservices = s\n[services s]\ndynamodb =\n"
    "  endpoint_url = http://127.0.0.1:9\n",
    "malformed config": "[default\nregion",
}


@pytest.fixture(params=[*HOSTILE, *CONFIGS])
def hostile(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment of a developer with other plans for AWS or Python."""
    settings = dict(HOSTILE.get(request.param, {}))
    if request.param in CONFIGS:
        (tmp_path / ".aws").mkdir()
        (tmp_path / ".aws" / "config").write_text(CONFIGS[request.param])
        settings["HOME"] = str(tmp_path)
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    return inherited | settings


@pytest.mark.thorough
def test_tests_ignore_the_developers_settings(hostile: dict[str, str]) -> None:
    tests = ["tests/functions/test_happy_path.py", "tests/functions/well_known/test_jwks.py"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--numprocesses", "0", *tests]
    done = subprocess.run(command, cwd=ROOT, env=hostile, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.thorough
def test_functions_of_the_runner_ignore_the_developers_settings(
    start: Callable[..., RunnerProcess], hostile: dict[str, str]
) -> None:
    runner = start(**hostile).ready()
    about = runner.get("/echo").json["environment"]
    own = {"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"}
    own |= {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"}
    assert {name for name in about if name.startswith("AWS_") and not name.startswith("AWS_LAMBDA_")} == own
    assert about["AWS_CONFIG_FILE"] == about["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert about["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert about["AWS_ENDPOINT_URL"] != NOWHERE


def test_only_settings_of_aws_and_python_are_removed() -> None:
    kept = {"PATH": "/bin", "PYTHONUNBUFFERED": "1"}
    removed = {"AWS_PROFILE": "x", "BOTO_CONFIG": "y", "PYTHONWARNINGS": "error", "PYTHONPATH": "z"}
    assert clean_environment(kept | removed).keys() - NO_SETTINGS.keys() == kept.keys()


def test_no_test_reaches_another_machine() -> None:
    with socket.socket() as sock, pytest.raises(AssertionError, match="not this machine"):
        sock.connect(("192.0.2.1", 80))


def test_makefile_drops_the_same_settings_of_python() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (unexported,) = re.findall(r"^unexport (PYTHON.*)$", makefile, re.MULTILINE)
    assert set(unexported.split()) == clean._PYTHON
