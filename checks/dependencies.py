"""What the layer ships besides our own code: names, versions, licenses, reasons, and what the build changes.

The licenses of what the TypeScript client and the Next.js example need at run time are checked too.

`--write` writes docs/dependencies.md, for people, and docs/sbom.cdx.json, a software bill of materials (CycloneDX 1.6),
from the layer's lock, the packages' own metadata, the reasons in layers/shared/pyproject.toml and the tables in
layers/shared/trim.py. Without it, both files are compared with what they should be, and licenses with those allowed.
Neither needs the network: the metadata is that of the packages in .venv, whose lock has the same versions.
"""

import argparse
import json
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import trim
from layers.sizes import distribution as package_of

ROOT = Path(__file__).parent.parent
CLIENT_LOCK = ROOT / "clients/typescript/package-lock.json"
EXAMPLE_LOCK = ROOT / "examples/nextjs/package-lock.json"
LAYER = ROOT / "layers/shared"
LOCK = LAYER / "requirements.txt"
TABLE = ROOT / "docs/dependencies.md"
SBOM = ROOT / "docs/sbom.cdx.json"

# Licenses that require no more than that their text is kept, by SPDX identifier (https://spdx.org/licenses).
ALLOWED = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense"}

# caniuse-lite has data about browsers, which Next.js reads when it builds. Nothing of it is served.
ALLOWED_FOR = {"caniuse-lite": "CC-BY-4.0"}

# Other spellings of a license in a package's metadata.
SPELLINGS = {"Apache License 2.0": "Apache-2.0"}
# Licenses that the metadata does not name. Each was looked up in the license text that the package ships.
LOOKED_UP = {"jinja2": "BSD-3-Clause", "multipart": "MIT", "python-dateutil": "Apache-2.0 OR BSD-3-Clause"}

# The layer's Python and system, to evaluate the markers of dependencies.
LAMBDA: dict[str, str | AbstractSet[str]] = {
    "python_version": "3.13",
    "python_full_version": "3.13.0",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
}


class DependencyError(Exception):
    """The dependencies and the files that describe them do not agree. The message is for the terminal."""


@dataclass(frozen=True)
class Package:
    """A distribution in the layer's lock."""

    name: str
    version: str
    license: str
    why: str
    needs: tuple[str, ...]
    changes: str = ""

    @property
    def purl(self) -> str:
        """Package URL, https://github.com/package-url/purl-spec."""
        return f"pkg:pypi/{self.name}@{self.version}"


def locked(lock: str) -> dict[str, set[str]]:
    """Return the versions of each package in a lock: more than one if they depend on the Python that installs them."""
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE):
        versions.setdefault(name, set()).add(version)
    return versions


def versions_in_layer() -> dict[str, str]:
    """Return the version of each package in the layer's lock, which has one of each."""
    return {name: version for name, (version,) in locked(LOCK.read_text()).items()}


def packages(versions: dict[str, str], project: dict[str, Any]) -> list[Package]:
    """Return what is known of each package; raise DependencyError if something is missing."""
    direct = {canonicalize_name(each.name): each for each in map(Requirement, project["project"]["dependencies"])}
    reasons: dict[str, str] = project["tool"]["reasons"]
    if direct.keys() != reasons.keys():
        different = ", ".join(sorted(direct.keys() ^ reasons.keys()))
        raise DependencyError(f"layers/shared/pyproject.toml: [tool.reasons] and dependencies differ: {different}")
    extras: dict[str, set[str]] = {name: each.extras for name, each in direct.items()}
    needs = {name: _needs(name, versions, extras.get(name, set())) for name in versions}
    changed = changes()
    return [
        Package(
            name=name,
            version=version,
            license=_license(name),
            why=reasons.get(name) or f"Needed by {', '.join(other for other in needs if name in needs[other])}.",
            needs=needs[name],
            changes=changed.get(name, ""),
        )
        for name, version in sorted(versions.items())
    ]


def of_npm(lock: Path) -> list[Package]:
    """Return what an npm package of the project, if there is one, needs at run time: its lock names the licenses."""
    if not lock.exists():
        return []
    locked_packages: dict[str, dict[str, Any]] = json.loads(lock.read_text())["packages"]
    return [
        Package(
            name=path.rpartition("node_modules/")[2],
            version=package["version"],
            license=package.get("license", "none named"),
            why="",
            needs=(),
        )
        for path, package in locked_packages.items()
        # Folders of the project are linked.
        if "node_modules/" in path and not {"dev", "devOptional", "peer", "link"} & package.keys()
    ]


def changes() -> dict[str, str]:
    """Return what layers/shared/trim.py changes, by package."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    found["botocore"].append(
        "Contains only the AWS services listed in layers/shared/aws_services.py, their descriptions without "
        "documentation and examples; botocore/loaders.py refuses all others."
    )
    for what, changed in {"Imports deferred": set(trim.DEFERRED), "Lines replaced": set(trim.REPLACED)}.items():
        files: defaultdict[str, list[str]] = defaultdict(list)
        for file in changed:
            files[package_of(file.partition("/")[0])].append(file)
        for package, names in files.items():
            found[package].append(f"{what} in {', '.join(sorted(names))}.")
    return {package: " ".join(sentences) for package, sentences in found.items()}


def _needs(name: str, versions: dict[str, str], extras: AbstractSet[str]) -> tuple[str, ...]:
    version = versions[name]
    try:
        installed = distribution(name)
    except PackageNotFoundError:
        raise DependencyError(f"{name} is in the layer's lock but not in .venv: run `make lock`") from None
    if installed.version != version:
        raise DependencyError(
            f"{name} is {version} in the layer's lock and {installed.version} in .venv: run `make lock`"
        )
    requirements = map(Requirement, installed.requires or [])
    required = {
        canonicalize_name(each.name)
        for each in requirements
        if not each.marker or any(each.marker.evaluate({**LAMBDA, "extra": extra}) for extra in ("", *extras))
    }
    return tuple(sorted(required & versions.keys()))


def _license(name: str) -> str:
    metadata = distribution(name).metadata.json
    expression = metadata.get("license_expression") or LOOKED_UP.get(name) or metadata.get("license") or "none named"
    return SPELLINGS.get(str(expression), str(expression))


def refused(package: Package) -> bool:
    """Return whether the license is not among those allowed. OR offers a choice, AND does not."""
    if package.license == ALLOWED_FOR.get(package.name):
        return False
    choices = package.license.strip("()").split(" OR ")
    return not any(all(part in ALLOWED for part in choice.split(" AND ")) for choice in choices)


def table(found: list[Package]) -> str:
    """Return docs/dependencies.md."""
    rows = [f"| {each.name} | {each.version} | {each.license} | {each.why} |" for each in found]
    changed = [f"| {each.name} | {each.changes} |" for each in found if each.changes]
    return f"""\
# What the layer ships

Written by `make sbom`, with [sbom.cdx.json](sbom.cdx.json) for programs. The reasons are in
`layers/shared/pyproject.toml`, the hashes in `layers/shared/requirements.txt`.

| package | version | license | why |
|---|---|---|---|
{chr(10).join(rows)}

## What the build changes

Packages are as published, license texts included, except that commands for the terminal and pip's records are left out
and bytecode for Lambda's Python is added. For a smaller layer and faster cold starts, `layers/shared/trim.py` also
makes these changes:

| package | changes |
|---|---|
{chr(10).join(changed)}

A deferred import is moved from the top of a module to the statements that use it. The build fails when a
package does not look as `trim.py` expects. [benchmarks.md](benchmarks.md) has what the larger changes save, and what
all of them save together.

## Which AWS services functions can call

Those in the list `SERVICES` in `layers/shared/aws_services.py`: boto3's clients for all of them, and its resources for
those that have any (CloudWatch, DynamoDB, S3, SNS, SQS). The descriptions of the others, about 400, would double the
layer's size. For a service that is not in the list, `boto3.client` and `boto3.resource` raise
`UnsupportedServiceError`, which names the list: on Lambda, and in the local runner, which reads the same list. To call
another service, add its name: it takes effect in the runner on the next request, on Lambda with the next `make deploy`.

Powertools works as published: Logger, Tracer, Metrics, parameters, idempotency, batches, feature flags. What needs
packages of its own (validation, data masking, Kafka, Redis) needs them in `layers/shared/pyproject.toml`.
"""


def sbom(found: list[Package], name: str) -> str:
    """Return docs/sbom.cdx.json. It has no date and no serial number, so it changes only when its content does."""
    purls = {each.name: each.purl for each in found}
    direct = [each.purl for each in found if not each.why.startswith("Needed by ")]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "library", "bom-ref": name, "name": name}},
        "components": [
            {
                "type": "library",
                "bom-ref": each.purl,
                "name": each.name,
                "version": each.version,
                "purl": each.purl,
                "licenses": [_in_sbom(each.license)],
                **({"pedigree": {"notes": each.changes}} if each.changes else {}),
            }
            for each in found
        ],
        "dependencies": [
            {"ref": name, "dependsOn": direct},
            *({"ref": each.purl, "dependsOn": [purls[need] for need in each.needs]} for each in found),
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _in_sbom(license_: str) -> dict[str, Any]:
    return {"expression": license_} if " " in license_ else {"license": {"id": license_}}


def problems(found: list[Package], files: dict[Path, str]) -> Iterator[str]:
    """Yield a message for each license that is not allowed and each file that is out of date."""
    for each in found:
        if refused(each):
            yield f"{each.name} {each.version}: the license {each.license} is not allowed in checks/dependencies.py"
    for file, text in files.items():
        if not file.exists() or file.read_text() != text:
            yield f"{file.relative_to(ROOT)} is out of date: run `make sbom`"


def main() -> None:
    """Write or compare the files."""
    parser = argparse.ArgumentParser(prog="python -m checks.dependencies", description="What the layer ships.")
    parser.add_argument("--write", action="store_true", help="write docs/dependencies.md and docs/sbom.cdx.json")
    arguments = parser.parse_args()
    project = tomllib.loads((LAYER / "pyproject.toml").read_text())
    found = packages(versions_in_layer(), project)
    files = {TABLE: table(found), SBOM: sbom(found, project["project"]["name"])}
    if arguments.write:
        for file, text in files.items():
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
    client, example = of_npm(CLIENT_LOCK), of_npm(EXAMPLE_LOCK)
    messages = [*problems(found, files), *problems([*client, *example], {})]
    if messages:
        raise DependencyError("\n".join(messages))
    counts = f"{len(found)} packages in the layer, {len(client)} in the client and {len(example)} in the example"
    print(f"{counts}, all under allowed licenses")  # noqa: T201  # for the terminal


if __name__ == "__main__":
    try:
        main()
    except DependencyError as problem:
        sys.exit(str(problem))
