"""What the layer ships beside our own code: names, versions, licences, and why.

`--write` makes docs/dependencies.md, for people, and docs/sbom.cdx.json, a software bill of materials as of CycloneDX
1.6, from the layer's lock, the packages' own metadata and the reasons in layers/shared/pyproject.toml. Without it both
are compared with what they should be, and licences with those that are allowed. Neither asks the network: the packages
are those of .venv, whose lock has the same versions.
"""

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LAYER = ROOT / "layers/shared"
LOCK = LAYER / "requirements.txt"
TABLE = ROOT / "docs/dependencies.md"
SBOM = ROOT / "docs/sbom.cdx.json"

# Licences that ask for no more than that their text is kept, by SPDX's names (https://spdx.org/licenses).
ALLOWED = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense"}

# Packages that name their licence in words of their own, and what those mean.
SPELLINGS = {"Apache License 2.0": "Apache-2.0"}
# ... or say too little. Each was looked up in the licence text that the package ships.
LOOKED_UP = {"jinja2": "BSD-3-Clause", "multipart": "MIT", "python-dateutil": "Apache-2.0 OR BSD-3-Clause"}

# The layer's Python and system, for dependencies under conditions.
LAMBDA: dict[str, str | AbstractSet[str]] = {
    "python_version": "3.13",
    "python_full_version": "3.13.0",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
    "extra": "",
}


class DependencyError(Exception):
    """Something about the dependencies is not in order; the message is for whoever ran `make`."""


@dataclass(frozen=True)
class Package:
    """A distribution in the layer's lock."""

    name: str
    version: str
    licence: str
    why: str
    needs: tuple[str, ...]

    @property
    def purl(self) -> str:
        """Package URL, https://github.com/package-url/purl-spec."""
        return f"pkg:pypi/{self.name}@{self.version}"


def locked(lock: str) -> dict[str, str]:
    """Give the version of each package of a lock."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", lock, re.MULTILINE))


def packages(versions: dict[str, str], project: dict[str, Any]) -> list[Package]:
    """Give what is known of each package; raise DependencyError for what is missing."""
    direct = {canonicalize_name(Requirement(line).name) for line in project["project"]["dependencies"]}
    reasons: dict[str, str] = project["tool"]["reasons"]
    if direct != reasons.keys():
        unlike = ", ".join(sorted(direct ^ reasons.keys()))
        raise DependencyError(
            f"layers/shared/pyproject.toml: [tool.reasons] and dependencies do not have the same: {unlike}"
        )
    needs = {name: _needs(name, version, versions) for name, version in versions.items()}
    return [
        Package(
            name=name,
            version=version,
            licence=_licence(name),
            why=reasons.get(name) or f"Needed by {', '.join(other for other in needs if name in needs[other])}.",
            needs=needs[name],
        )
        for name, version in sorted(versions.items())
    ]


def _needs(name: str, version: str, versions: dict[str, str]) -> tuple[str, ...]:
    try:
        installed = distribution(name)
    except PackageNotFoundError:
        raise DependencyError(f"{name} is in the layer's lock and not in .venv: run `make lock`") from None
    if installed.version != version:
        raise DependencyError(
            f"{name} is {version} in the layer's lock and {installed.version} in .venv: run `make lock`"
        )
    requirements = map(Requirement, installed.requires or [])
    required = {
        canonicalize_name(each.name) for each in requirements if not each.marker or each.marker.evaluate(LAMBDA)
    }
    return tuple(sorted(required & versions.keys()))


def _licence(name: str) -> str:
    metadata = distribution(name).metadata.json
    expression = metadata.get("license_expression") or LOOKED_UP.get(name) or metadata.get("license") or "none named"
    return SPELLINGS.get(str(expression), str(expression))


def refused(package: Package) -> bool:
    """Say whether a licence asks for more than we want to give. OR offers a choice, AND does not."""
    choices = package.licence.strip("()").split(" OR ")
    return not any(all(part in ALLOWED for part in choice.split(" AND ")) for choice in choices)


def table(found: list[Package]) -> str:
    """Give docs/dependencies.md."""
    rows = [f"| {each.name} | {each.version} | {each.licence} | {each.why} |" for each in found]
    return "\n".join(
        [
            "# What the layer ships",
            "",
            "Made by `make sbom`; [sbom.cdx.json](sbom.cdx.json) says the same to programs. The reasons stand in",
            "`layers/shared/pyproject.toml`, hashes in `layers/shared/requirements.txt`.",
            "",
            "| package | version | licence | why |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def sbom(found: list[Package], name: str) -> str:
    """Give docs/sbom.cdx.json. No date and no serial number: it changes when what it says does."""
    purls = {each.name: each.purl for each in found}
    direct = [each.purl for each in found if not each.why.startswith("Needed by ")]
    bill = {
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
                "licenses": [_in_sbom(each.licence)],
            }
            for each in found
        ],
        "dependencies": [
            {"ref": name, "dependsOn": direct},
            *({"ref": each.purl, "dependsOn": [purls[need] for need in each.needs]} for each in found),
        ],
    }
    return json.dumps(bill, indent=2) + "\n"


def _in_sbom(licence: str) -> dict[str, Any]:
    return {"expression": licence} if " " in licence else {"license": {"id": licence}}


def problems(found: list[Package], files: dict[Path, str]) -> Iterator[str]:
    """Say what is not allowed, and which file is not current."""
    for each in found:
        if refused(each):
            yield f"{each.name} {each.version}: the licence {each.licence} is none of those in checks/dependencies.py"
    for file, text in files.items():
        if not file.exists() or file.read_text() != text:
            yield f"{file.relative_to(ROOT)} is not what the layer ships: run `make sbom`"


def main() -> None:
    """Write or compare."""
    arguments = argparse.ArgumentParser(prog="python -m checks.dependencies", description="What the layer ships.")
    arguments.add_argument("--write", action="store_true", help="write docs/dependencies.md and docs/sbom.cdx.json")
    write = arguments.parse_args().write
    project = tomllib.loads((LAYER / "pyproject.toml").read_text())
    found = packages(locked(LOCK.read_text()), project)
    files = {TABLE: table(found), SBOM: sbom(found, project["project"]["name"])}
    if write:
        for file, text in files.items():
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
    told = list(problems(found, files))
    if told:
        raise DependencyError("\n".join(told))
    print(f"{len(found)} packages in the layer, all under licences that are allowed")  # noqa: T201  # for the terminal


if __name__ == "__main__":
    try:
        main()
    except DependencyError as problem:
        sys.exit(str(problem))
