"""What operations read from a request, besides who is calling: bodies, queries and the headers that carry a condition.

A body is a pydantic model, `class Registration(Body)`, and a query is one too, `class Page(Query)`. Python names its
fields in snake_case and callers in camelCase. Fields we do not know are ignored, as front ends send whole forms.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from shared.errors import FieldError, InvalidInput
from shared.http import Request, UnsupportedMediaType
from shared.users import Versions

JSON = "application/json"
_ENTITY_TAG = re.compile(r'(?<!W/)"([0-9]{1,18})"')


class _Input(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, hide_input_in_errors=True)

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Self:
        """Check values that are all text.

        Raises:
            InvalidInput: fields are at fault.

        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise _told(error, cls) from None


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
        try:
            return cls.model_validate_json(body or b"{}")
        except ValidationError as error:
            raise _told(error, cls) from None


class Query(_Input):
    """The query string."""

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """Read and check the query string.

        Raises:
            InvalidInput: fields are at fault.

        """
        return cls.of(request.query)


def _told(error: ValidationError, model: type[_Input]) -> InvalidInput:
    """Tell pydantic's findings as ours. They name fields and rules; the input itself is never repeated."""
    faults = error.errors(include_url=False, include_context=False)
    if faults[0]["type"] == "json_invalid":
        return InvalidInput("The body is not valid JSON")
    if not faults[0]["loc"]:
        return InvalidInput("The body must be a JSON object")
    fields = [FieldError(".".join(map(str, fault["loc"])), _rule(fault)) for fault in faults]
    required = [field.alias or name for name, field in model.model_fields.items() if field.is_required()]
    absent = any(_is_absent(fault) and fault["loc"][0] in required for fault in faults)
    return InvalidInput(_all_required(required) if absent else f"{fields[0].field}: {fields[0].message}", fields)


def _is_absent(fault: ErrorDetails) -> bool:
    given: Any = fault.get("input")
    return fault["type"] == "missing" or given is None or (isinstance(given, str) and not given.strip())


def _rule(fault: ErrorDetails) -> str:
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

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """Read the header. What is no entity tag of ours, a weak one included, matches no version."""
        header = request.headers.get("if-match", "*").strip()
        return cls(None if header == "*" else frozenset(map(int, _ENTITY_TAG.findall(header))))


def entity_tag(version: int) -> str:
    """Give the entity tag of a version."""
    return f'"{version}"'


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The key that lets a caller send a request again; `text` is empty if there was none.

    IETF draft-ietf-httpapi-idempotency-key-header.
    """

    text: str
    _allowed: ClassVar[re.Pattern[str]] = re.compile(r"[\x21-\x7e]{1,255}")

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """Read the header.

        Raises:
            InvalidInput: it is not 1 to 255 visible ASCII characters.

        """
        text = request.headers.get("idempotency-key")
        if text is not None and not cls._allowed.fullmatch(text):
            raise InvalidInput("Idempotency-Key must be 1 to 255 visible ASCII characters")
        return cls(text or "")
