"""What is deployed gets a name: a digest of what was built and of the parameters it is deployed with.

It goes into every function's description. Functions are called by an alias, for which SAM publishes a new version where
it sees a change in the template; a parameter's new value is none, since the template refers to it as before
(serverless-application-model, issue 3820). With the digest every change reaches the callers, and none is made for
nothing.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from samcli.yamlhelper import yaml_dump, yaml_parse

_LENGTH = 12


def stamp(build: Path, parameters: Mapping[str, str]) -> str:
    """Write the digest into the template that `sam build` has put into the folder `build`; give it."""
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
    return digest.hexdigest()[:_LENGTH]
