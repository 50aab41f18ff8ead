"""From a URL to the names that belong to it: folder, function, banner; and what a URL may look like."""

import keyword
import re
from dataclasses import dataclass

_PART = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PARAMETER = re.compile(r"{([a-z][a-zA-Z0-9]*)}")
_PREFIX = "/api/"


class ScaffoldError(Exception):
    """What was asked for is not possible. The message says why, and what to do instead."""


@dataclass(frozen=True)
class Url:
    """A path of the API, such as `/api/greetings/{greetingId}`."""

    path: str

    @classmethod
    def parse(cls, text: str) -> "Url":
        """Verify a path that somebody typed.

        Raises:
            ScaffoldError: it is not a path that this project can serve.

        """
        if not text.startswith(_PREFIX) or text.endswith("/"):
            raise ScaffoldError(
                f"{text!r} is not a path of the API: it starts with {_PREFIX} and has no slash at the end."
            )
        parts = text.removeprefix(_PREFIX).split("/")
        for part in parts:
            if not (_PART.fullmatch(part) or _PARAMETER.fullmatch(part)):
                raise ScaffoldError(
                    f"{part!r} in {text} is neither lower-case words with hyphens, such as sign-up, nor a parameter, "
                    "such as {userId}."
                )
        if parts[0] == "jobs":
            raise ScaffoldError(f"{text}: functions/jobs has what runs on a schedule or a queue. Choose another path.")
        if _PARAMETER.fullmatch(parts[0]):
            raise ScaffoldError(f"{text} starts with a parameter: it would catch every path.")
        names = [snake_case(found[1]) for part in parts if (found := _PARAMETER.fullmatch(part))]
        if wrong := next((name for name in names if keyword.iskeyword(name) or names.count(name) > 1), None):
            raise ScaffoldError(f"The parameter {wrong} of {text} is a word of Python, or there are two.")
        return cls(text)

    @property
    def words(self) -> list[str]:
        """The words of its parts in lower case: `["users", "by", "id"]`."""
        parts = [folder_part(part) for part in self.path.removeprefix(_PREFIX).split("/")]
        return [word for part in parts for word in part.split("_")]

    @property
    def function(self) -> str:
        """The logical id of its function in the template."""
        return "".join(word.capitalize() for word in self.words) + "Function"

    @property
    def name(self) -> str:
        """Its name in Python, for operations and modules: `users_by_id`."""
        return "_".join(self.words)

    @property
    def example(self) -> str:
        """The path with a value for each parameter."""
        return _PARAMETER.sub("1", self.path)

    @property
    def parameters(self) -> list[str]:
        """The names of its parameters in Python."""
        return [snake_case(name) for name in _PARAMETER.findall(self.path)]


def folder_part(part: str) -> str:
    """Return the folder for a part of a path: `by_id` for a parameter."""
    return "by_id" if part.startswith("{") else part.removeprefix(".").removesuffix(".json").replace("-", "_")


def folder_of(path: str, paths: set[str]) -> str:
    """Return the folder for a path: users/by_id for /api/users/{userId}, users/index for /api/users (has a subpath)."""
    parts = [folder_part(part) for part in path.removeprefix(_PREFIX).strip("/").split("/")]
    if any(other.startswith(f"{path}/") for other in paths):
        parts.append("index")
    return "/".join(parts)


def camel_case(name: str) -> str:
    """Return `greetingId` for `greeting_id`."""
    first, *others = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in others)


def snake_case(name: str) -> str:
    """Return `greeting_id` for `greetingId`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
