"""What the built functions load when they start in Lambda's image, with the libraries as the layer has them."""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest

from tests.sam.conftest import Build
from tests.sam.containers import IMAGE, is_here

pytestmark = pytest.mark.docker

# Imports that trim.py puts off: cryptography's certificates, the versions of packages, and what reads dates and files.
PUT_OFF = ["cryptography.x509", "importlib.metadata", "dateutil.parser", "configparser"]
# The circuits of mail providers bring boto3 and Powertools along, which load some of it.
WITH_POWERTOOLS = {"DeliverEmailFunction", "RetryEmailsFunction"}

# Each function in a fork of a process that has imported nothing, as it starts with a snapshot or without.
_PROGRAM = """
import json, os, sys
names, put_off = json.loads(sys.argv[1]), json.loads(sys.argv[2])
for name in names:
    if os.fork() == 0:
        sys.path.insert(0, f"/functions/{name}")
        import app
        loaded = [module for module in put_off if module in sys.modules]
        hooks = 0
        if os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"] == "snap-start":
            from snapshot_restore_py import get_before_snapshot
            for prepare, values, named in get_before_snapshot():
                hooks += 1
                prepare(*values, **named)
        pydantic = "pydantic.main" in sys.modules or "pydantic.type_adapter" in sys.modules
        os.write(1, json.dumps([name, {"loaded": loaded, "hooks": hooks, "pydantic": pydantic}]).encode() + b"\\n")
        os._exit(0)
for _ in names:
    os.wait()
"""


def started(build: Build, variables: Mapping[str, str], initialization: str) -> dict[str, Any]:
    """Import every function in the image; give what it had loaded by then."""
    mounts = {"/opt": build.layer, **{f"/functions/{name}": folder for name, folder in build.functions.items()}}
    path = {"PYTHONPATH": "/opt/python:/var/runtime"}
    environment = {**variables, **path, "AWS_LAMBDA_INITIALIZATION_TYPE": initialization}
    command = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "/var/lang/bin/python3.13"]
    command += [part for place, folder in mounts.items() for part in ("--volume", f"{folder}:{place}:ro")]
    command += [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
    program = ["-c", _PROGRAM, json.dumps(list(build.functions)), json.dumps(PUT_OFF)]
    done = subprocess.run([*command, IMAGE, *program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = dict(map(json.loads, done.stdout.splitlines()))
    assert told.keys() == build.functions.keys(), done.stderr
    return told


@pytest.fixture(scope="module")
def default_build(builds: Mapping[str, Build]) -> Build:
    """The build for the image's processor."""
    if not is_here(IMAGE):
        pytest.skip(f"no image {IMAGE} here")
    return builds["default"]


def test_what_is_put_off_is_not_loaded(default_build: Build, variables: Mapping[str, str]) -> None:
    told = started(default_build, variables, "on-demand")
    assert {name: seen["loaded"] for name, seen in told.items() if seen["loaded"] and name not in WITH_POWERTOOLS} == {}
    assert not told["UserFunction"]["pydantic"]
    assert told["LoginFunction"]["pydantic"]


def test_a_snapshot_holds_what_waits_for_the_first_input_otherwise(
    default_build: Build, variables: Mapping[str, str]
) -> None:
    told = started(default_build, variables, "snap-start")
    assert told["UserFunction"] == {"loaded": [], "hooks": 2, "pydantic": True}
    assert told["MeFunction"]["hooks"] == 0
