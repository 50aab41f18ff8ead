"""What `sam build` puts into the functions and the layer, for both processors."""

import json
import re
import runpy
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.regions import EndpointResolver

from layers.sizes import LARGEST, reasons, sizes
from tests.sam.conftest import Build
from tests.support import ROOT

SERVICES = {"dynamodb", "secretsmanager", "sesv2", "sqs", "sts"}
pytestmark = pytest.mark.build

# Python 3.13's mark in bytecode, and "made from this source, do not look" (PEP 552).
HEADER = b"\xf3\r\r\n" + struct.pack("<I", 0b01)


def files(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.rglob("*")) if file.is_file())


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_a_function_is_one_file(build: Build) -> None:
    assert {name: names(folder) for name, folder in build.functions.items() if names(folder) != {"app.py"}} == {}


def test_the_layer_is_the_package_and_what_it_depends_on(build: Build) -> None:
    assert names(build.layer) == {"python"}
    plain = {re.sub(r"\.cpython-313-.*|-[\d.]+\.dist-info", "", name) for name in names(build.layer / "python")}
    assert plain - {"__pycache__"} == {
        "_cffi_backend",
        "annotated_types",
        "aws_lambda_powertools",
        "bcrypt",
        "boto3",
        "botocore",
        "cryptography",
        "dateutil",
        "email_validator",
        "idna",
        "jinja2",
        "jmespath",
        "jwt",
        "markupsafe",
        "multipart.py",
        "pydantic",
        "pydantic_core",
        "s3transfer",
        "shared",
        "six.py",
        "typing_extensions.py",
        "typing_inspection",
        "urllib3",
        "zxcvbn",
    }


def test_the_layer_has_the_package_as_it_is(build: Build) -> None:
    def contents(folder: Path) -> dict[str, bytes]:
        kept = (file for file in files(folder) if "__pycache__" not in file.parts)
        return {str(file.relative_to(folder)): file.read_bytes() for file in kept}

    source = ROOT / "layers" / "shared" / "shared"
    assert contents(build.layer / "python" / "shared") == contents(source)


def test_botocore_knows_the_services_we_call_and_no_others(build: Build) -> None:
    data = build.layer / "python" / "botocore" / "data"
    assert {entry.name for entry in data.iterdir() if entry.is_dir()} == SERVICES
    assert {entry.name for entry in data.iterdir() if entry.is_file()} >= {
        "_retry.json",
        "endpoints.json",
        "partitions.json",
        "sdk-default-configuration.json",
    }


def test_botocore_s_descriptions_lack_nothing_but_words(build: Build) -> None:
    """Read as botocore reads them, beside those of the same version that the tests are run with."""
    without_words = runpy.run_path(str(ROOT / "layers" / "shared" / "trim.py"))["without_words"]
    whole = Loader()
    data = str(build.layer / "python" / "botocore" / "data")
    trimmed = Loader(extra_search_paths=[data], include_default_search_paths=False)
    for service in SERVICES:
        described = trimmed.load_service_model(service, "service-2")
        assert described == without_words(whole.load_service_model(service, "service-2")), service
        for kind in ("endpoint-rule-set-1", "paginators-1"):
            assert trimmed.load_service_model(service, kind) == whole.load_service_model(service, kind), service


def test_botocore_finds_the_same_endpoints(build: Build) -> None:
    whole = Loader().load_data("endpoints")
    trimmed = json.loads((build.layer / "python" / "botocore" / "data" / "endpoints.json").read_text())
    regions = [region for partition in whole["partitions"] for region in partition["regions"]]
    assert len(regions) > 30

    def found(endpoints: Any) -> dict[tuple[str, str], Any]:
        resolver = EndpointResolver(endpoints)
        prefixes = ("dynamodb", "secretsmanager", "email", "sts")
        return {
            (prefix, region): resolver.construct_endpoint(prefix, region) for prefix in prefixes for region in regions
        }

    assert found(trimmed) == found(whole)


def test_a_client_of_the_layer_s_botocore_generates_no_docstrings(build: Build) -> None:
    """Nor is the generator imported; boto3, which has its own, finds what it needs all the same."""
    program = """
import sys
import botocore.session
make = botocore.session.Session().create_client
clients = [make(service, region_name="eu-west-1") for service in sys.argv[1:]]
assert all(client.meta.method_to_api_mapping for client in clients)
assert not clients[0].get_item.__doc__
assert sorted(name for name in sys.modules if name.startswith("botocore.docs.")) == [
    "botocore.docs.docstring", "botocore.docs.utils"
]
import boto3
boto3.client("dynamodb", region_name="eu-west-1")
"""
    path = {"PYTHONPATH": str(build.layer / "python"), "PYTHONDONTWRITEBYTECODE": "1"}
    services = ["dynamodb", *sorted(SERVICES - {"dynamodb"})]
    subprocess.run([sys.executable, "-S", "-c", program, *services], env=path, check=True)


def test_compiled_code_is_for_the_stage_s_processor(build: Build) -> None:
    machines = {
        file.name: struct.unpack_from("<H", file.read_bytes(), 18)[0]
        for file in files(build.layer)
        if file.suffix == ".so"
    }
    assert len(machines) == 5
    assert set(machines.values()) == {build.machine}


def test_every_module_has_bytecode_for_lambda_s_python(build: Build) -> None:
    bytecode = {file for file in files(build.layer) if file.suffix == ".pyc"}
    if not bytecode:
        pytest.skip("this machine has no Python 3.13 to compile the layer with")
    assert {file.read_bytes()[:8] for file in bytecode} == {HEADER}
    assert bytecode == {
        file.parent / "__pycache__" / f"{file.stem}.cpython-313.pyc"
        for file in files(build.layer)
        if file.suffix == ".py"
    }


def test_tracebacks_name_the_files_where_lambda_has_them(build: Build) -> None:
    bytecode = build.layer / "python" / "shared" / "web" / "__pycache__" / "api.cpython-313.pyc"
    if not bytecode.exists():
        pytest.skip("this machine has no Python 3.13 to compile the layer with")
    assert b"/opt/python/shared/web/api.py" in bytecode.read_bytes()


def test_two_builds_differ_in_compiled_code_alone(builds: Mapping[str, Build]) -> None:
    def portable(build: Build) -> dict[str, bytes]:
        return {
            str(file.relative_to(build.layer)): file.read_bytes() for file in files(build.layer) if file.suffix != ".so"
        }

    assert portable(builds["default"]) == portable(builds["prod"])


def test_the_layer_is_small(build: Build) -> None:
    _, _, whole = sizes(build.layer)
    assert whole < LARGEST


def test_each_package_of_the_layer_has_a_reason(build: Build) -> None:
    unzipped, _, _ = sizes(build.layer)
    assert unzipped.keys() - reasons().keys() == set()
