"""What `sam build` puts into the functions and the layer, for both processors."""

import base64
import hashlib
import json
import re
import struct
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.regions import EndpointResolver

import trim
from aws_services import SERVICES
from layers.sizes import MAX_SIZE, owner, reasons, sizes
from tests.sam.conftest import Build
from tests.support import ROOT

pytestmark = pytest.mark.build

SBOM = json.loads((ROOT / "docs/sbom.cdx.json").read_text())
# Python 3.13's magic number in bytecode, and the flag for "not checked against its source" (PEP 552).
HEADER = b"\xf3\r\r\n" + struct.pack("<I", 0b01)


def files(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.rglob("*")) if file.is_file())


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_function_is_one_file(build: Build) -> None:
    assert {name: names(folder) for name, folder in build.functions.items() if names(folder) != {"app.py"}} == {}


def test_layer_contains_the_package_and_its_dependencies(build: Build) -> None:
    assert names(build.layer) == {"python"}
    plain = {re.sub(r"\.cpython-313-.*", "", name) for name in names(build.layer / "python")}
    assert {name for name in plain if not name.endswith(".dist-info")} - {"__pycache__"} == {
        "_cffi_backend",
        "annotated_types",
        "aws_lambda_powertools",
        "aws_services.py",
        "aws_xray_sdk",
        "bcrypt",
        "boto3",
        "botocore",
        "cffi",
        "cryptography",
        "dateutil",
        "email_validator",
        "idna",
        "jinja2",
        "jmespath",
        "jwt",
        "markupsafe",
        "multipart.py",
        "pycparser",
        "pydantic",
        "pydantic_core",
        "s3transfer",
        "shared",
        "six.py",
        "typing_extensions.py",
        "typing_inspection",
        "urllib3",
        "wrapt",
        "wrapt-stubs",
        "zxcvbn",
    }


def test_sbom_lists_the_packages_in_the_layer(build: Build) -> None:
    built = {owner(file.relative_to(build.layer)) for file in files(build.layer)} - {"shared"}
    assert built == {component["name"] for component in SBOM["components"]}
    versions = {
        re.sub(r"[-_.]+", "-", name.removesuffix(".dist-info").rpartition("-")[0]).lower(): name
        for name in names(build.layer / "python")
        if name.endswith(".dist-info")
    }
    listed = {component["name"]: component["version"] for component in SBOM["components"]}
    assert {name: folder.removesuffix(".dist-info").rpartition("-")[2] for name, folder in versions.items()} == listed


def test_sbom_names_packages_that_differ_from_the_published_ones(build: Build) -> None:
    """By the hashes that the packages' own records have for the same version, installed here."""
    differing = {name["name"] for name in SBOM["components"] if changed(build.layer / "python", name["name"])}
    assert differing == {component["name"] for component in SBOM["components"] if "pedigree" in component}


def changed(python: Path, name: str) -> list[str]:
    """Return the files of a package that are missing in the layer or differ, except compiled code and metadata."""
    found = []
    for file in distribution(name).files or []:
        if file.hash is None or ".." in file.parts or file.suffix in {".so", ".pyc"} or "dist-info" in file.parts[0]:
            continue
        built = python / file
        content = built.read_bytes() if built.is_file() else b""
        if base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode() != file.hash.value:
            found.append(str(file))
    return found


def test_layer_contains_the_package_unchanged(build: Build) -> None:
    def contents(folder: Path) -> dict[str, bytes]:
        kept = (file for file in files(folder) if "__pycache__" not in file.parts)
        return {str(file.relative_to(folder)): file.read_bytes() for file in kept}

    source = ROOT / "layers" / "shared" / "shared"
    assert contents(build.layer / "python" / "shared") == contents(source)


def test_botocore_knows_only_the_services_in_the_list(build: Build) -> None:
    data = build.layer / "python" / "botocore" / "data"
    assert {entry.name for entry in data.iterdir() if entry.is_dir()} == SERVICES
    assert {entry.name for entry in data.iterdir() if entry.is_file()} >= {
        "_retry.json",
        "endpoints.json",
        "partitions.json",
        "sdk-default-configuration.json",
    }


def test_service_descriptions_lack_only_documentation(build: Build) -> None:
    """Read as botocore reads them, compared with those of the same version that the tests use."""
    whole = Loader()
    data = str(build.layer / "python" / "botocore" / "data")
    trimmed = Loader(extra_search_paths=[data], include_default_search_paths=False)
    kinds = ("service-2", "endpoint-rule-set-1", "paginators-1", "waiters-2")
    for service in SERVICES:
        for kind in kinds:
            if service in whole.list_available_services(kind):
                described = trimmed.load_service_model(service, kind)
                assert described == trim.without_documentation(whole.load_service_model(service, kind)), service


def test_botocore_finds_the_same_endpoints(build: Build) -> None:
    whole = Loader().load_data("endpoints")
    trimmed = json.loads((build.layer / "python" / "botocore" / "data" / "endpoints.json").read_text())
    regions = [region for partition in whole["partitions"] for region in partition["regions"]]
    assert len(regions) > 30

    def found(endpoints: Any) -> dict[tuple[str, str], Any]:
        resolver = EndpointResolver(endpoints)
        prefixes = ("dynamodb", "secretsmanager", "email", "s3", "sqs", "sts")
        return {
            (prefix, region): resolver.construct_endpoint(prefix, region) for prefix in prefixes for region in regions
        }

    assert found(trimmed) == found(whole)


def test_compiled_code_is_for_the_processor_of_the_stage(build: Build) -> None:
    machines = {
        file.name: struct.unpack_from("<H", file.read_bytes(), 18)[0]
        for file in files(build.layer)
        if file.suffix == ".so"
    }
    assert len(machines) == 6
    assert set(machines.values()) == {build.machine}


def test_every_module_has_bytecode_for_the_python_of_lambda(build: Build) -> None:
    bytecode = {file for file in files(build.layer) if file.suffix == ".pyc"}
    if not bytecode:
        pytest.skip("this machine has no Python 3.13 to compile the layer with")
    assert {file.read_bytes()[:8] for file in bytecode} == {HEADER}
    assert bytecode == {
        file.parent / "__pycache__" / f"{file.stem}.cpython-313.pyc"
        for file in files(build.layer)
        if file.suffix == ".py"
    }


def test_tracebacks_name_the_paths_on_lambda(build: Build) -> None:
    bytecode = build.layer / "python" / "shared" / "web" / "__pycache__" / "api.cpython-313.pyc"
    if not bytecode.exists():
        pytest.skip("this machine has no Python 3.13 to compile the layer with")
    assert b"/opt/python/shared/web/api.py" in bytecode.read_bytes()


def test_builds_differ_only_in_compiled_code(builds: Mapping[str, Build]) -> None:
    def portable(build: Build) -> dict[str, bytes]:
        return {
            str(file.relative_to(build.layer)): file.read_bytes()
            for file in files(build.layer)
            # A package's metadata may name the processor.
            if file.suffix != ".so" and not file.relative_to(build.layer).parts[1].endswith(".dist-info")
        }

    assert portable(builds["default"]) == portable(builds["prod"])


def test_layer_is_not_larger_than_allowed(build: Build) -> None:
    _, _, whole = sizes(build.layer)
    assert whole < MAX_SIZE


def test_each_package_of_the_layer_has_a_reason(build: Build) -> None:
    unzipped, _, _ = sizes(build.layer)
    assert unzipped.keys() - reasons().keys() == set()
