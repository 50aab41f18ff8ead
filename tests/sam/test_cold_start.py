"""What the built functions load when they start in Lambda's image, with the layer's libraries."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.sam.conftest import Build
from tests.sam.containers import IMAGE, is_here, run_in_image

pytestmark = pytest.mark.docker

# Modules whose import trim.py puts off.
DEFERRED = ["botocore.docs.service", "configparser", "cryptography.x509", "dateutil.parser", "importlib.metadata"]
# The circuit breakers of email providers import boto3 and Powertools, which load some of them.
WITH_POWERTOOLS = {"DeliverEmailFunction", "RetryEmailsFunction"}

# Imports each function in a fork of a process that has imported nothing.
_PROGRAM = """
import json, os, sys
names, deferred = json.loads(sys.argv[1]), json.loads(sys.argv[2])
for name in names:
    if os.fork() == 0:
        sys.path.insert(0, f"/functions/{name}")
        import app
        loaded = [module for module in deferred if module in sys.modules]
        pydantic = "pydantic.main" in sys.modules or "pydantic.type_adapter" in sys.modules
        os.write(1, json.dumps([name, {"loaded": loaded, "pydantic": pydantic}]).encode() + b"\\n")
        os._exit(0)
for _ in names:
    os.wait()
"""


def started(build: Build, variables: Mapping[str, str], initialization: str) -> dict[str, Any]:
    """Import every function in the image and return what it had loaded by then."""
    mounts = {"/opt": build.layer, **{f"/functions/{name}": folder for name, folder in build.functions.items()}}
    environment = {**variables, "AWS_LAMBDA_INITIALIZATION_TYPE": initialization}
    output = run_in_image(mounts, environment, _PROGRAM, json.dumps(list(build.functions)), json.dumps(DEFERRED))
    seen = dict(map(json.loads, output.splitlines()))
    assert seen.keys() == build.functions.keys()
    return seen


@pytest.fixture(scope="module")
def default_build(builds: Mapping[str, Build]) -> Build:
    """The build for the image's processor."""
    if not is_here(IMAGE):
        pytest.skip(f"no image {IMAGE} here")
    return builds["default"]


def test_cold_start_does_not_load_deferred_imports(default_build: Build, variables: Mapping[str, str]) -> None:
    seen = started(default_build, variables, "on-demand")
    assert {name: each["loaded"] for name, each in seen.items() if each["loaded"] and name not in WITH_POWERTOOLS} == {}
    assert not seen["UserFunction"]["pydantic"]
    assert seen["LoginFunction"]["pydantic"]


@pytest.mark.parametrize("initialization", ["snap-start", "provisioned-concurrency"])
def test_environment_started_ahead_has_loaded_everything(
    default_build: Build, variables: Mapping[str, str], initialization: str
) -> None:
    seen = started(default_build, variables, initialization)
    assert seen["UserFunction"] == {"loaded": [], "pydantic": True}
    assert not seen["MeFunction"]["pydantic"]
