"""What `sam build` makes of the project, once for each stage of samconfig.toml."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from tests.sam import containers
from tests.sam.containers import ROOT, Backend, Sam

# What ELF calls the processors (e_machine), by stage.
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
    folder = tmp_path_factory.mktemp("build")
    sam = Path(sys.executable).with_name("sam")
    running = {
        stage: subprocess.Popen(
            [sam, "build", "--config-env", stage, "--build-dir", folder / stage, "--no-cached"],
            cwd=ROOT,
            env={**os.environ, "SAM_CLI_TELEMETRY": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for stage in MACHINES
    }
    told = {stage: process.communicate()[0] for stage, process in running.items()}
    for stage, process in running.items():
        assert process.returncode == 0, told[stage]
    return {stage: read_build(folder / stage / "template.yaml", machine) for stage, machine in MACHINES.items()}


@pytest.fixture(scope="session", params=MACHINES)
def build(request: pytest.FixtureRequest, builds: Mapping[str, Build]) -> Build:
    """Each stage in turn."""
    return builds[request.param]


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """The local AWS, within reach of containers."""
    if not containers.is_here(containers.IMAGE):
        pytest.skip(f"no Docker engine with {containers.IMAGE} answers")
    with containers.backend(tmp_path_factory.mktemp("runner")) as behind:
        yield behind


@pytest.fixture(scope="session")
def sam(builds: Mapping[str, Build], backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Sam:
    """`sam local` with what the development stage builds."""
    file = tmp_path_factory.mktemp("sam") / "variables.json"
    return Sam(builds["default"].template, containers.variables(backend, file))


def read_event(name: str) -> dict[str, Any]:
    """Read an event by its path below events/."""
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return event
