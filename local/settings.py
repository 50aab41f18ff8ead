"""`.env.local`: values for the template's parameters and secrets on this machine. It is not in git.

Each line is `Name=value`, as in other .env files: comments, quotation marks and `export` are allowed. The names are
those of the template, so a value can move to samconfig.toml unchanged.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv.parser import parse_stream

from local.errors import RunnerError
from local.template import setting_names

FILE_NAME = ".env.local"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


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
    parameters, secrets, rotated = setting_names(template)
    for name, (line, text) in values.items():
        if name in rotated:
            raise RunnerError(f"{path.name}, line {line}: {name} gets its value from its rotation. Remove the line.")
        if name in secrets and not text:
            raise RunnerError(f"{path.name}, line {line}: {name} has no value. AWS has no empty secrets.")
        if name not in parameters | secrets:
            raise RunnerError(f"{path.name}, line {line}: {_unknown(name, parameters | secrets, template)}")
    return Settings(
        parameters={name: text for name, (_, text) in values.items() if name in parameters},
        secrets={name: text for name, (_, text) in values.items() if name in secrets},
    )


def _values(path: Path) -> dict[str, tuple[int, str]]:
    """Return the line and the value of each name. The last line of a name wins."""
    values = {}
    if path.exists() and not path.is_file():
        raise RunnerError(f"{path.name} is not a file.")
    try:
        with path.open(encoding="utf-8-sig") as file:
            for binding in parse_stream(file):
                string = binding.original.string
                line = binding.original.line + string[: len(string) - len(string.lstrip())].count("\n")
                if binding.error or (binding.key is not None and binding.value is None):
                    raise RunnerError(f"{path.name}, line {line}: write each value as Name=value.")
                if _CONTROL.search(binding.value or ""):
                    raise RunnerError(f"{path.name}, line {line}: the value has a control character.")
                if binding.key is not None and binding.value is not None:
                    values[binding.key] = (line, binding.value)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as problem:
        raise RunnerError(f"{path.name} cannot be read: {problem}.") from problem
    return values


def _unknown(name: str, known: frozenset[str], template: Path) -> str:
    folded = {each.casefold(): each for each in sorted(known)}
    near = difflib.get_close_matches(name.casefold().replace("_", ""), folded, n=1)
    hint = f"Did you mean {folded[near[0]]}?" if near else f"Known are {', '.join(sorted(known))}."
    return f"{template.name} has no parameter or secret {name}. {hint}"
