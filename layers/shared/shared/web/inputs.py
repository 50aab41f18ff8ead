"""What operations read from a request besides the caller: bodies, queries and Idempotency-Key.

A body is a class with a field for each value, `class Registration(Body)`, and so is a query, `class Page(Query)`. Both
are dataclasses that pydantic validates, so a field has any type that pydantic knows. Python names fields in
snake_case and callers in camelCase. Unknown fields are ignored, because front ends send whole forms. The default
`OMITTED` makes a field optional, and tells one that was not sent from one that was sent as null.

pydantic is imported by the first validation, not by this module: importing it is a fifth of a cold start.
"""

import codecs
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform

from shared.core.errors import ErrorTypes, FieldError, IdempotencyKeyReused, InvalidInput
from shared.values import declared
from shared.values.types import CaptchaToken, Place
from shared.web.request import BodyTooLarge, Request, UnsupportedMediaType

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError
    from pydantic_core import ErrorDetails

JSON = "application/json"
# The ends of the names of parameters that bound a range of values.
RANGE = ("_from", "_to")
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
# The default of a field of `PATCH`: what the caller leaves out stays as it is. `Body.given` tells it from null.
OMITTED: Any = object()
CAPTCHA = "captchaToken"


def body_name(name: str) -> str:
    """Return the name of a field in a body: in camelCase."""
    first, *others = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in others)


def query_name(name: str) -> str:
    """Return the name of a parameter in a query: in camelCase, except the end of a range (`dueAt_from`)."""
    end = next((end for end in RANGE if name.endswith(end)), "")
    return body_name(name.removesuffix(end)) + end


@dataclass_transform(kw_only_default=True, eq_default=False)
@dataclass(eq=False, repr=False)
class _Input:
    # For docs/openapi.json, if the examples of the required fields do not make a good one:
    # `class Changes(Body, example={…})`.
    input_example: ClassVar[Mapping[str, Any] | None] = None
    # NaN and the infinities are not JSON.
    __pydantic_config__: ClassVar = {
        "alias_generator": body_name,
        "hide_input_in_errors": True,
        "allow_inf_nan": False,
    }

    def __init_subclass__(
        cls, example: Mapping[str, Any] | None = None, details_at: Sequence[Place] = (), **options: Any
    ) -> None:
        """Make the class a dataclass. `details_at` are the places whose `Details` it has besides its own fields."""
        super().__init_subclass__(**options)
        cls.input_example = example
        for name, kind in declared.fields_at(*details_at).items():
            if name in cls.__annotations__ or hasattr(cls, name):
                raise TypeError(f"{cls.__name__} has {name} already: rename the one of Details")
            cls.__annotations__[name] = kind
            setattr(cls, name, OMITTED)
        # No repr: it would show passwords. No comparison: it takes a millisecond to generate.
        dataclass(kw_only=True, eq=False, repr=False)(cls)
        for field in fields(cls):
            if type(field.default).__module__.startswith("pydantic"):
                raise TypeError(f"{cls.__name__}.{field.name}: use `Annotated[type, Rule(…)] = default`")

    @classmethod
    @cache
    def _adapter(cls) -> "TypeAdapter[Self]":
        from pydantic import TypeAdapter  # noqa: PLC0415  # see above

        return TypeAdapter(cls)

    def to_json(self) -> dict[str, Any]:
        """Return the values as JSON can represent them, by the names that callers use, without those omitted."""
        adapter = type(self)._adapter()  # noqa: SLF001  # its own
        omitted = {name for name, value in vars(self).items() if value is OMITTED}
        by_name: dict[str, Any] = adapter.dump_python(self, mode="json", by_alias=True, exclude=omitted)
        return by_name

    @classmethod
    def _names(cls) -> list[str]:
        """Return the names of all fields, as callers write them."""
        return [body_name(field.name) for field in fields(cls)]

    @classmethod
    def _required(cls) -> list[str]:
        """Return the names of the fields without a default, as callers write them."""
        required = [field for field in fields(cls) if field.default is MISSING and field.default_factory is MISSING]
        return [body_name(field.name) for field in required]

    @classmethod
    def _from_text(cls, values: Mapping[str, str]) -> Self:
        """Validate values that are all text, as a query string or an HTML form has them.

        Raises:
            InvalidInput: one or more fields are invalid.

        """
        return cls._validated(cls._adapter().validate_python, values)

    @classmethod
    def _validated(cls, validate: Callable[[Any], Self], values: Any) -> Self:
        from pydantic import ValidationError  # noqa: PLC0415  # see above

        try:
            return validate(values)
        except ValidationError as error:
            raise _translated(error, cls._required()) from None


class Body(_Input):
    """A JSON object. A missing body is read as an empty object.

    A value has the type of its field: `"5"` is no number. In a form, where all values are text, it is.
    """

    input_errors: ClassVar[ErrorTypes] = (InvalidInput, BodyTooLarge, UnsupportedMediaType)
    media_types: ClassVar[tuple[str, ...]] = (JSON,)

    @classmethod
    def load(cls) -> None:
        """Import pydantic and build the validator."""
        cls._adapter()

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """Read and validate the body.

        Raises:
            InvalidInput: it is not a JSON object, or one or more fields are invalid.
            UnsupportedMediaType: its Content-Type is not JSON.

        """
        body = request.body
        if body and request.content_type != JSON:
            raise UnsupportedMediaType(JSON)
        # A byte order mark may be ignored (RFC 8259, 8.1). Some editors and Windows programs write one.
        content = body.removeprefix(codecs.BOM_UTF8) or b"{}"
        return cls._validated(partial(cls._adapter().validate_json, strict=True), content)

    def given(self) -> dict[str, Any]:
        """Return the values that the caller has sent, of a body whose fields have the default `OMITTED`.

        Raises:
            InvalidInput: there are none.

        """
        given = {name: value for name, value in vars(self).items() if value is not OMITTED}
        if not given:
            raise InvalidInput(f"Provide at least one of {', '.join(self._names())}")
        return given


class StrangersBody(Body):
    """The body of a request without a sign-in that causes an email."""

    captcha_token: CaptchaToken | None = None
    """For `before_mail_to_stranger` in `shared.accounts.hooks`, which ignores it unless the project has changed it."""


class Query(_Input):
    """The query string. It has no `load`: most requests come without one."""

    input_errors: ClassVar[ErrorTypes] = (InvalidInput,)
    __pydantic_config__: ClassVar = {**_Input.__pydantic_config__, "alias_generator": query_name}

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """Read and validate the query string.

        Raises:
            InvalidInput: one or more fields are invalid.

        """
        # Defaults need no validation.
        return cls._from_text(request.query) if request.query or cls._required() else cls()


def _translated(error: "ValidationError", required: list[str]) -> InvalidInput:
    """Translate pydantic's error into ours, which names fields and rules and never repeats the input."""
    errors = error.errors(include_url=False, include_context=False)
    if errors[0]["type"] == "json_invalid":
        return InvalidInput("The body is not valid JSON")
    if not errors[0]["loc"]:
        return InvalidInput("The body must be a JSON object")
    found = [FieldError(".".join(map(str, each["loc"])), _rule(each, required)) for each in errors]
    invalid = [field for field, each in zip(found, errors, strict=True) if not _is_missing_required(each, required)]
    return InvalidInput(f"{invalid[0].field}: {invalid[0].message}" if invalid else _all_required(required), found)


def _is_missing(error: "ErrorDetails", required: list[str]) -> bool:
    given: Any = error.get("input")
    is_blank = isinstance(given, str) and not given.strip() and error["loc"][0] in required
    return error["type"] == "missing" or given is None or is_blank


def _is_missing_required(error: "ErrorDetails", required: list[str]) -> bool:
    return _is_missing(error, required) and error["loc"][0] in required


def _rule(error: "ErrorDetails", required: list[str]) -> str:
    if _is_missing(error, required):
        return "is required"
    rule = error["msg"].partition(" after validation")[0]
    for prefix in ("Value error, ", "Input ", "String ", "List "):
        rule = rule.removeprefix(prefix)
    return rule[:1].lower() + rule[1:]


def _all_required(names: list[str]) -> str:
    """Return the sentence `Name and email are required` for these names."""
    *others, last = names
    text = f"{', '.join(others)} and {last} are required" if others else f"{last} is required"
    return text[:1].upper() + text[1:]


class IdempotencyKey:
    """The key that makes a request safe to retry; `text` is empty without one.

    IETF draft-ietf-httpapi-idempotency-key-header.
    """

    __slots__ = ("text",)
    headers: ClassVar = {
        "Idempotency-Key": (
            "6f1c1f0e-2a3c-4c5e-9d57-0a6a4f1f2b3c",
            "Makes the request safe to retry.",
        )
    }
    input_errors: ClassVar[ErrorTypes] = (InvalidInput, IdempotencyKeyReused)

    def __init__(self, text: str) -> None:
        self.text = text

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
