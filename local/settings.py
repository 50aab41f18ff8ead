"""`.env.local`: values for the template's parameters and secrets on this machine. It is not in git.

Each line is `Name=value`, as in other .env files: comments, quotation marks and `export` are allowed. The names are
those of the template, so a value can move to samconfig.toml unchanged.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotenv.parser import parse_stream

from local.errors import RunnerError

FILE_NAME = ".env.local"
_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  # nosec B105
_ROTATION = "AWS::SecretsManager::RotationSchedule"


@dataclass(frozen=True, repr=False)
class Settings:
    """Values by the names of parameters and of secrets."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


def read_settings(path: Path, template: Path) -> Settings:
    """Read the file; a missing one has no values. Raises RunnerError for a name that the template does not have."""
    values = _values(path)
    if not values:
        return Settings()
    parameters, secrets, rotated = _names(template)
    for name, (line, _) in values.items():
        if name in rotated:
            raise RunnerError(f"{path.name}, line {line}: {name} gets its value from its rotation. Remove the line.")
        if name not in parameters | secrets:
            raise RunnerError(f"{path.name}, line {line}: {_unknown(name, parameters | secrets, template)}")
    return Settings(
        parameters={name: text for name, (_, text) in values.items() if name in parameters},
        secrets={name: text for name, (_, text) in values.items() if name in secrets},
    )


def _values(path: Path) -> dict[str, tuple[int, str]]:
    """Return the line and the value of each name. The last line of a name wins."""
    values = {}
    try:
        with path.open(encoding="utf-8-sig") as file:
            for binding in parse_stream(file):
                string = binding.original.string
                line = binding.original.line + string[: len(string) - len(string.lstrip())].count("\n")
                if binding.error or (binding.key is not None and binding.value is None):
                    raise RunnerError(f"{path.name}, line {line}: write each value as Name=value.")
                if binding.key is not None and binding.value is not None:
                    values[binding.key] = (line, binding.value)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as problem:
        raise RunnerError(f"{path.name} cannot be read: {problem}.") from problem
    return values


def _names(template: Path) -> tuple[set[str], set[str], set[str]]:
    """Return the names of the template's parameters, of its secrets, and of those secrets that are rotated."""
    # Importing SAM CLI takes most of a second.
    from samcli.yamlhelper import yaml_parse  # noqa: PLC0415

    content: Mapping[str, Any] = yaml_parse(template.read_text(encoding="utf-8"))
    resources: Mapping[str, Any] = content.get("Resources") or {}
    secrets = {name for name, own in resources.items() if own.get("Type") == _SECRET}
    rotated = {own["Properties"]["SecretId"].get("Ref") for own in resources.values() if own.get("Type") == _ROTATION}
    return set(content.get("Parameters") or ()), secrets, secrets & rotated


def _unknown(name: str, known: set[str], template: Path) -> str:
    folded = {each.casefold(): each for each in sorted(known)}
    near = difflib.get_close_matches(name.casefold().replace("_", ""), folded, n=1)
    hint = f"Did you mean {folded[near[0]]}?" if near else f"Known are {', '.join(sorted(known))}."
    return f"{template.name} has no parameter or secret {name}. {hint}"
