"""The kinds of values that requests bring, each checked and put into its one form on the way in."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from shared.values import emails


class Rule:
    """What pydantic is to see to in a value: constraints, by its own names (`Field`), and then a function.

    The function gives the value in its one form, or raises ValueError, whose text callers are told. It says the same as
    `Annotated[str, Field(max_length=100), AfterValidator(function)]`, without loading pydantic before the first input.
    """

    # So pydantic puts in its place what it consists of (annotated_types.GroupedMetadata).
    __is_annotated_types_grouped_metadata__ = True

    def __init__(self, function: Callable[[Any], Any] | None = None, **constraints: Any) -> None:
        self._function = function
        self._constraints = constraints

    def __iter__(self) -> Iterator[object]:
        """Give the rule in pydantic's own words."""
        from pydantic import AfterValidator, Field  # noqa: PLC0415  # who asks has loaded it

        if self._constraints:
            yield Field(**self._constraints)
        if self._function is not None:
            yield AfterValidator(self._function)


# Text that ends up in mails and on pages: nothing that starts a new line, and nothing that makes text run backwards
# under other text (Unicode technical report 36, 2.5).
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_FORBIDDEN_CHARACTERS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_LINE_BREAK = re.compile("\r\n|[\r\x85\u2028\u2029]")
_LONGEST_TEXT = 5000


def _one_line(text: str) -> str:
    text = unicodedata.normalize("NFC", text).strip()
    if not text:
        raise ValueError("must not be empty")
    if any(unicodedata.category(char) in _FORBIDDEN_CATEGORIES or char in _FORBIDDEN_CHARACTERS for char in text):
        raise ValueError("must not contain control characters")
    return text


def _several_lines(text: str) -> str:
    # Marks that make text run backwards may stay: they come with what people paste, and end with their line.
    text = _LINE_BREAK.sub("\n", text).strip()
    # Counted as a browser's `maxlength` counts, for which a line break is one character, and not the two that it sends.
    # And counted first: NFC takes a time that is quadratic in the length of a run of accents, of 1 MB many minutes.
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"should have at most {_LONGEST_TEXT} characters")
    text = unicodedata.normalize("NFC", text)
    if not text:
        raise ValueError("must not be empty")
    if any(unicodedata.category(char) in _FORBIDDEN_CATEGORIES and char not in "\n\t" for char in text):
        raise ValueError("must not contain control characters")
    return text


Name = Annotated[str, Rule(_one_line, max_length=100)]
"""A person's name: 1 to 100 characters on one line, NFC."""

Text = Annotated[str, Rule(_several_lines)]
"""A message: 1 to 5,000 characters, NFC; lines end with `\\n`, whatever they ended with."""

Email = Annotated[str, Rule(emails.parse, max_length=320)]
"""An e-mail address, as `shared.values.emails` has it."""
