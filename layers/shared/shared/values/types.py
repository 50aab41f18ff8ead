"""Types of the fields of requests: each value is validated and normalized on the way in."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from shared.values import emails
from shared.values.visibility import is_visible

# Those of pydantic's Field. It ignores a name that it does not know.
_CONSTRAINTS = ("ge", "gt", "le", "lt", "max_digits", "max_length", "min_length", "multiple_of", "pattern", "strict")


class Rule:
    """The validation of a field: constraints, named as in pydantic's `Field`, and then a function.

    The function returns the normalized value, or raises ValueError with a text for the caller. `Rule(check,
    max_length=100)` stands for `Field(max_length=100), AfterValidator(check)`, without importing pydantic. `example`
    and `format` (of JSON Schema) are for docs/openapi.json.
    """

    # The protocol by which pydantic replaces one annotation by several (annotated_types.GroupedMetadata).
    __is_annotated_types_grouped_metadata__ = True

    def __init__(
        self,
        function: Callable[[Any], Any] | None = None,
        *,
        example: Any = None,
        format: str | None = None,  # noqa: A002  # the name in JSON Schema
        **constraints: Any,
    ) -> None:
        if unknown := constraints.keys() - set(_CONSTRAINTS):
            raise TypeError(f"Rule has no constraint {', '.join(sorted(unknown))}; it has {', '.join(_CONSTRAINTS)}")
        self._function = function
        self._documented: dict[str, Any] = {
            **({"examples": [example]} if example is not None else {}),
            **({"json_schema_extra": {"format": format}} if format is not None else {}),
        }
        self._constraints = constraints

    def __iter__(self) -> Iterator[object]:
        """Yield pydantic's annotations; pydantic iterates when it builds a validator."""
        from pydantic import AfterValidator, Field  # noqa: PLC0415  # see above

        if self._constraints or self._documented:
            yield Field(**self._constraints, **self._documented)
        if self._function is not None:
            yield AfterValidator(self._function)


# Not allowed in text that ends up in emails and on pages: line breaks, controls, and characters that change the
# direction of the text around them (Unicode Technical Report 36, 2.5).
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_FORBIDDEN_CHARACTERS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_LINE_BREAK = re.compile("\r\n|[\r\x85\u2028\u2029]")
_MAX_TEXT_LENGTH = 5000


def _one_line(text: str) -> str:
    text = unicodedata.normalize("NFC", text).strip()
    if not text:
        raise ValueError("must not be empty")
    if any(unicodedata.category(char) in _FORBIDDEN_CATEGORIES or char in _FORBIDDEN_CHARACTERS for char in text):
        raise ValueError("must not contain control characters")
    if not is_visible(text):
        raise ValueError("needs a visible character")
    return text


def _several_lines(text: str) -> str:
    # Characters that change the text's direction may stay: pasted text contains them, and they end with their line.
    text = _LINE_BREAK.sub("\n", text).strip()
    # Counted like a browser's `maxlength`, for which a line break is one character although the browser sends two.
    # Counted before NFC, which takes quadratic time for a run of accents: many minutes for 1 MB.
    if len(text) > _MAX_TEXT_LENGTH:
        raise ValueError(f"should have at most {_MAX_TEXT_LENGTH} characters")
    text = unicodedata.normalize("NFC", text)
    if not text:
        raise ValueError("must not be empty")
    if any(unicodedata.category(char) in _FORBIDDEN_CATEGORIES and char not in "\n\t" for char in text):
        raise ValueError("must not contain control characters")
    return text


def _code(text: str) -> str:
    code = "".join(char for char in text if not (char.isspace() or unicodedata.category(char) == "Pd"))
    if not re.fullmatch("[0-9]{6}", code):
        raise ValueError("must have six digits")
    return code


Name = Annotated[str, Rule(_one_line, max_length=100, example="Ada Lovelace")]
"""A person's name: 1 to 100 characters on one line, NFC, at least one of them visible."""

Text = Annotated[str, Rule(_several_lines, example="Hello,\nhow are you?")]
"""A message: 1 to 5,000 characters, NFC; line ends become `\\n`."""

Code = Annotated[str, Rule(_code, max_length=32, example="123456")]
"""A six-digit code, as people paste it: with spaces and dashes around it and inside."""

Email = Annotated[str, Rule(emails.parse, max_length=320, format="email", example="ada@example.com")]
"""An email address, normalized by `shared.values.emails`."""

Password = Annotated[str, Rule(format="password", example="correct horse battery")]
"""A password to check. `shared.values.passwords` has the rules for a new one."""

Secret = Annotated[str, Rule(example="1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM")]
"""A token or another secret that we have issued."""

RefreshToken = Annotated[str, Rule(example="AQ" + "A" * 90)]
"""A refresh token."""
