"""The name of a release: a digest of the build and of the parameters it is deployed with.

It becomes part of every function's description. Callers reach functions through an alias, and SAM publishes a new
version for it only when the template changes; a new value of a parameter does not change the template
(serverless-application-model, issue 3820). With the digest in the template, every change reaches the callers, and an
unchanged release publishes nothing.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from samcli.yamlhelper import yaml_dump, yaml_parse

_DIGEST_LENGTH = 12


def stamp(build: Path, parameters: Mapping[str, str]) -> str:
    """Write the digest into the template in the build folder, and return it."""
    file = build / "template.yaml"
    template = yaml_parse(file.read_text(encoding="utf-8"))
    globals_ = template["Globals"]["Function"]
    globals_.pop("Description", None)
    name = _digest(build, yaml_dump(template), parameters)
    globals_["Description"] = f"Release {name}"
    file.write_text(yaml_dump(template), encoding="utf-8")
    return name


def _digest(build: Path, template: str, parameters: Mapping[str, str]) -> str:
    digest = hashlib.sha256(repr((template, sorted(parameters.items()))).encode())
    for file in sorted(path for path in build.rglob("*") if path.is_file() and path != build / "template.yaml"):
        digest.update(f"{file.relative_to(build)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:_DIGEST_LENGTH]
