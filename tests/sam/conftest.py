"""The project as `sam build` builds it, once for each stage in samconfig.toml."""

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from tests.sam import containers
from tests.sam.containers import Backend, Sam
from tests.support import ROOT

# The processor by stage, as a number in ELF files (e_machine).
MACHINES = {"default": 62, "prod": 183}


@dataclass(frozen=True)
class Build:
    """A built bundle: `layer` becomes /opt, a function's folder /var/task. `machine` is the stage's processor."""

    template: Path
    machine: int
    layer: Path
    functions: Mapping[str, Path]


def read_build(template: Path, machine: int) -> Build:
    resources = yaml_parse(template.read_text())["Resources"]

    def folders(kind: str, name: str) -> dict[str, Path]:
        return {
            key: (template.parent / str(resource["Properties"][name])).resolve()
            for key, resource in resources.items()
            if resource["Type"] == kind
        }

    layers = folders("AWS::Serverless::LayerVersion", "ContentUri")
    return Build(template, machine, layers["SharedLayer"], folders("AWS::Serverless::Function", "CodeUri"))


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Build]:
    """Both stages, built side by side."""
    # A function's folder is deployed as it is; other tests may have left compiled files there.
    for folder in (ROOT / "functions").rglob("__pycache__"):
        shutil.rmtree(folder)
    target = tmp_path_factory.mktemp("build")
    sam = Path(sys.executable).with_name("sam")
    running = {
        stage: subprocess.Popen(
            [sam, "build", "--config-env", stage, "--build-dir", target / stage, "--no-cached"],
            cwd=ROOT,
            env={**os.environ, "SAM_CLI_TELEMETRY": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for stage in MACHINES
    }
    output = {stage: process.communicate()[0] for stage, process in running.items()}
    for stage, process in running.items():
        assert process.returncode == 0, output[stage]
    return {stage: read_build(target / stage / "template.yaml", machine) for stage, machine in MACHINES.items()}


@pytest.fixture(scope="session", params=MACHINES)
def build(request: pytest.FixtureRequest, builds: Mapping[str, Build]) -> Build:
    """Each stage in turn."""
    return builds[request.param]


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """The local AWS, within reach of containers."""
    if not containers.is_here(containers.IMAGE):
        pytest.skip(f"no Docker engine with {containers.IMAGE} answers")
    # Every test signs in, and all from one address.
    with containers.backend(tmp_path_factory.mktemp("runner"), RATE_LIMIT_MULTIPLIER="100") as behind:
        yield behind


@pytest.fixture(scope="session")
def sam(builds: Mapping[str, Build], backend: Backend) -> Sam:
    """`sam local` with the build of the development stage."""
    return Sam(builds["default"].template, backend.variables)


@pytest.fixture(scope="session")
def start_lambda(sam: Sam, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Lambda"]:
    """Functions to invoke with any event."""
    with sam.serve("start-lambda", containers.free_port(), tmp_path_factory.mktemp("lambda") / "sam.log") as port:
        yield Lambda(port)


@pytest.fixture(scope="session")
def start_api(sam: Sam, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Client"]:
    """The API, in containers."""
    with sam.serve("start-api", containers.free_port(), tmp_path_factory.mktemp("api") / "sam.log") as port:
        yield Client(port)


@dataclass(frozen=True)
class Reply:
    """A response over HTTP."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass(frozen=True)
class Client:
    """A client of a port on this machine, with an access token if there is one."""

    port: int
    token: str = ""

    def call(self, method: str, path: str, body: Any = None) -> Reply:
        headers = {"content-type": "application/json"} if body is not None else {}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            return Reply(answer.status, {key.lower(): text for key, text in answer.getheaders()}, answer.read())

    def signed_in(self, email: str, password: str) -> "Client":
        reply = self.call("POST", "/api/auth/login", {"email": email, "password": password})
        assert reply.status == 200, reply
        return Client(self.port, reply.json["token"])


@dataclass(frozen=True)
class Lambda:
    """`sam local start-lambda`."""

    port: int

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        return Client(self.port).call("POST", f"/2015-03-31/functions/{function}/invocations", event).json


def read_event(name: str) -> dict[str, Any]:
    """Read an event by its path below events/."""
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return event
