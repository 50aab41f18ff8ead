"""What operations read from a request, besides who is calling: bodies, queries and the headers that carry a condition.

A body is a class with a field for each thing that is asked for, `class Registration(Body)`, and a query is one too,
`class Page(Query)`. Both are frozen dataclasses, filled by pydantic, so a field has any type that pydantic knows.
Python names fields in snake_case and callers in camelCase. Fields we do not know are ignored, as front ends send whole
forms.

Loading pydantic takes a fifth of a cold start, and most of what only reads needs none: it waits for the first input.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, dataclass_transform

from shared.core.errors import FieldError, InvalidInput
from shared.values.versions import Versions
from shared.web.request import Request, UnsupportedMediaType

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError
    from pydantic_core import ErrorDetails

JSON = "application/json"
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_ENTITY_TAG = re.compile(r'(?<!W/)"([0-9]{1,18})"')


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in others)


@dataclass_transform(frozen_default=True, kw_only_default=True)
@dataclass(frozen=True, kw_only=True, repr=False)
class _Input:
    __pydantic_config__: ClassVar = {"alias_generator": _camel_case, "hide_input_in_errors": True}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # No repr: it would show passwords.
        dataclass(frozen=True, kw_only=True, repr=False)(cls)
        for field in fields(cls):
            if type(field.default).__module__.startswith("pydantic"):
                raise TypeError(f"{cls.__name__}.{field.name} needs Annotated[…, Field(…)], and a default of its own")

    @classmethod
    @cache
    def prepare(cls) -> "TypeAdapter[Self]":
        """Make what fills this class, unless it is there."""
        from pydantic import TypeAdapter  # noqa: PLC0415  # what waits

        return TypeAdapter(cls)

    @classmethod
    def _names(cls) -> list[str]:
        """Give the names of all fields, as callers write them."""
        return [_camel_case(field.name) for field in fields(cls)]

    @classmethod
    def _required(cls) -> list[str]:
        """Give the names of those that must be there."""
        without = [field for field in fields(cls) if field.default is MISSING and field.default_factory is MISSING]
        return [_camel_case(field.name) for field in without]

    @classmethod
    def _of(cls, values: Mapping[str, str]) -> Self:
        """Check values that are all text.

        Raises:
            InvalidInput: fields are at fault.

        """
        return cls._check(cls.prepare().validate_python, values)

    @classmethod
    def _check(cls, check: Callable[[Any], Self], values: Any) -> Self:
        from pydantic import ValidationError  # noqa: PLC0415  # loaded by now

        try:
            return check(values)
        except ValidationError as error:
            raise _told(error, cls._required()) from None


def plain(values: _Input) -> dict[str, Any]:
    """Give the values as JSON can say them, by the names that callers use."""
    by_name: dict[str, Any] = type(values).prepare().dump_python(values, mode="json", by_alias=True)
    return by_name


class Body(_Input):
    """A JSON object. No body at all is read as an empty object."""

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """Read and check the body.

        Raises:
            InvalidInput: it is no JSON object, or fields are at fault.
            UnsupportedMediaType: it is not said to be JSON.

        """
        body = request.body
        if body and request.content_type != JSON:
            raise UnsupportedMediaType(JSON)
        return cls._check(cls.prepare().validate_json, body or b"{}")


class Query(_Input):
    """The query string."""

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """Read and check the query string.

        Raises:
            InvalidInput: fields are at fault.

        """
        # Where nothing is asked for, and nothing has to be, there is nothing to check.
        return cls._of(request.query) if request.query or cls._required() else cls()


def _told(error: "ValidationError", required: list[str]) -> InvalidInput:
    """Tell pydantic's findings as ours. They name fields and rules; the input itself is never repeated."""
    faults = error.errors(include_url=False, include_context=False)
    if faults[0]["type"] == "json_invalid":
        return InvalidInput("The body is not valid JSON")
    if not faults[0]["loc"]:
        return InvalidInput("The body must be a JSON object")
    found = [FieldError(".".join(map(str, fault["loc"])), _rule(fault)) for fault in faults]
    absent = any(_is_absent(fault) and fault["loc"][0] in required for fault in faults)
    return InvalidInput(_all_required(required) if absent else f"{found[0].field}: {found[0].message}", found)


def _is_absent(fault: "ErrorDetails") -> bool:
    given: Any = fault.get("input")
    return fault["type"] == "missing" or given is None or (isinstance(given, str) and not given.strip())


def _rule(fault: "ErrorDetails") -> str:
    if _is_absent(fault):
        return "is required"
    rule = fault["msg"].removeprefix("Value error, ").removeprefix("Input ").removeprefix("String ")
    return rule[:1].lower() + rule[1:]


def _all_required(names: list[str]) -> str:
    """Say that all these fields are needed, as `Name and email are required`."""
    *others, last = names
    text = f"{', '.join(others)} and {last} are required" if others else f"{last} is required"
    return text[:1].upper() + text[1:]


class IfMatch(Versions):
    """The versions that the header `If-Match` names (RFC 9110, 13.1.1); any, if it is absent or `*`."""

    __slots__ = ()

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """Read the header. What is no entity tag of ours, a weak one included, matches no version."""
        header = request.headers.get("if-match", "*").strip()
        return cls(None if header == "*" else frozenset(map(int, _ENTITY_TAG.findall(header))))


def entity_tag(version: int) -> str:
    """Give the entity tag of a version."""
    return f'"{version}"'


class IdempotencyKey(NamedTuple):
    """The key that lets a caller send a request again; `text` is empty if there was none.

    IETF draft-ietf-httpapi-idempotency-key-header.
    """

    text: str

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """Read the header.

        Raises:
            InvalidInput: it is not 1 to 255 visible ASCII characters.

        """
        text = request.headers.get("idempotency-key")
        if text is not None and not _IDEMPOTENCY_KEY.fullmatch(text):
            raise InvalidInput("Idempotency-Key must be 1 to 255 visible ASCII characters")
        return cls(text or "")
