"""Types of fields, in requests, records and responses: each value is validated and normalized on the way in."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, TypeAlias, get_args

from shared.core.attributes import holds
from shared.values import emails
from shared.values.visibility import is_visible

# Those of pydantic's Field. It ignores a name that it does not know.
_CONSTRAINTS = ("ge", "gt", "le", "lt", "max_digits", "max_length", "min_length", "multiple_of", "pattern", "strict")


class Rule:
    """The validation of a field: constraints, named as in pydantic's `Field`, and then a function.

    The function returns the normalized value, or raises ValueError with a text for the caller. `Rule(check,
    max_length=100)` stands for `Field(max_length=100), AfterValidator(check)`, without importing pydantic. `example`,
    `description` and `format` (of JSON Schema) are for docs/openapi.json.
    """

    # The protocol by which pydantic replaces one annotation by several (annotated_types.GroupedMetadata).
    __is_annotated_types_grouped_metadata__ = True

    def __init__(
        self,
        function: Callable[[Any], Any] | None = None,
        *,
        example: Any = None,
        description: str | None = None,
        format: str | None = None,  # noqa: A002  # the name in JSON Schema
        **constraints: Any,
    ) -> None:
        if unknown := constraints.keys() - set(_CONSTRAINTS):
            raise TypeError(f"Rule has no constraint {', '.join(sorted(unknown))}; it has {', '.join(_CONSTRAINTS)}")
        self._function = function
        self._documented: dict[str, Any] = {
            **({"examples": [example]} if example is not None else {}),
            **({"description": description} if description is not None else {}),
            **({"json_schema_extra": {"format": format}} if format is not None else {}),
        }
        self._constraints = constraints

    def __iter__(self) -> Iterator[object]:
        """Yield pydantic's annotations; pydantic iterates when it builds a validator."""
        from pydantic import AfterValidator, Field  # noqa: PLC0415  # see above

        if self._constraints or self._documented:
            yield Field(**self._constraints, **self._documented)
        if self._function is not None:
            yield AfterValidator(self._applied)

    @property
    def is_limited(self) -> bool:
        """Whether it has a constraint."""
        return bool(self._constraints)

    @property
    def is_multiline(self) -> bool:
        """Whether a text has several lines."""
        return self._function is several_lines

    @property
    def format(self) -> str | None:
        """The format of JSON Schema, such as `email`."""
        extra: dict[str, str] = self._documented.get("json_schema_extra", {})
        return extra.get("format")

    def _applied(self, value: Any) -> Any:
        """Return the result of the function. NFC can make a text longer, so its length is checked again."""
        result = self._function(value) if self._function is not None else value
        most = self._constraints.get("max_length")
        if most is not None and len(result) > most:
            raise ValueError(f"should have at most {most} characters")
        return result


Place: TypeAlias = Literal["registration", "invitation", "profile", "administration"]
"""Where callers may set a field of a user: POST /api/auth/register, POST /api/users, or PUT and PATCH of the profile,
which at the place `administration` is for administrators only."""


class AcceptedAt:
    """Where a field of `shared.values.details` is accepted: `Annotated[Name | None, AcceptedAt("registration")]`."""

    def __init__(self, *places: Place) -> None:
        # mypy does not check what is inside Annotated.
        if unknown := set(places) - set(get_args(Place)):
            raise TypeError(f"There is no place {', '.join(sorted(unknown))}; places are {', '.join(get_args(Place))}")
        self.places = places


# Not allowed in text that ends up in emails and on pages: line breaks, controls, and characters that change the
# direction of the text around them (Unicode Technical Report 36, 2.5).
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_FORBIDDEN_CHARACTERS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_LINE_BREAK = re.compile("\r\n|[\r\x85\u2028\u2029]")
_MAX_TEXT_LENGTH = 5000
# Those of a number in DynamoDB.
_MAX_DIGITS = 38


def one_line(text: str) -> str:
    """Return a text of one line, NFC, without spaces around it. Raises ValueError."""
    text = unicodedata.normalize("NFC", text).strip()
    if not text:
        raise ValueError("must not be empty")
    if any(unicodedata.category(char) in _FORBIDDEN_CATEGORIES or char in _FORBIDDEN_CHARACTERS for char in text):
        raise ValueError("must not contain control characters")
    if not is_visible(text):
        raise ValueError("needs a visible character")
    return text


def several_lines(text: str) -> str:
    """Return a text of up to 5,000 characters, NFC, whose line ends are a line feed. Raises ValueError."""
    # Characters that change the text's direction may stay: pasted text contains them, and they end with their line.
    text = _LINE_BREAK.sub("\n", text).strip()
    # Counted like a browser's `maxlength`, for which a line break is one character although the browser sends two.
    # Counted before NFC, which takes quadratic time for a run of accents: many minutes for 1 MB.
    if len(text) > _MAX_TEXT_LENGTH:
        raise ValueError(f"should have at most {_MAX_TEXT_LENGTH} characters")
    text = unicodedata.normalize("NFC", text)
    # NFC can also make a text longer.
    if len(text) > _MAX_TEXT_LENGTH:
        raise ValueError(f"should have at most {_MAX_TEXT_LENGTH} characters")
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


def _path(text: str) -> str:
    # A browser reads a backslash as a slash, and leaves out tabs and line breaks (WHATWG URL, 4.4).
    path = re.split("[?#]", text)[0]
    if not path.startswith("/") or "//" in path or "\\" in text:
        raise ValueError("should be a path, with one slash at its start and no backslash")
    # A browser removes them, and what is left may start with two slashes.
    if any(re.fullmatch(r"(\.|%2e){1,2}", segment, re.IGNORECASE) for segment in path.split("/")):
        raise ValueError("must not have segments of dots")
    if any(unicodedata.category(char) in _FORBIDDEN_CATEGORIES for char in text):
        raise ValueError("must not contain control characters")
    return text


def real(value: float) -> float:
    """Return a number that DynamoDB keeps with all its bits, except -0.0. Raises ValueError."""
    if not holds(value):
        raise ValueError("should be 0, or between 1e-130 and 1e126 in absolute value")
    # -0.0 becomes 0.0.
    return value + 0.0


def _decimal(text: str) -> str:
    if not re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", text):
        raise ValueError("should be a decimal number, such as 12.50")
    if len(text.lstrip("-").replace(".", "")) > _MAX_DIGITS:
        raise ValueError(f"should have at most {_MAX_DIGITS} digits")
    return text


def _date(text: str) -> str:
    from datetime import date  # noqa: PLC0415  # no cold start needs it

    if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("should be a date, such as 2026-08-04")
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("should be a valid date") from None


def _time(text: str) -> str:
    from datetime import UTC, datetime  # noqa: PLC0415  # no cold start needs it

    # RFC 3339, 5.6. Python reads more than that, such as weeks.
    if not re.fullmatch(r"[0-9-]{10}[Tt][0-9:]{8}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})", text):
        raise ValueError("should be a time with its offset from UTC, such as 2026-08-04T12:00:00Z")
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("should be a valid time") from None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _uuid(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text.lower()):
        raise ValueError("should be a UUID")
    return text.lower()


Name = Annotated[str, Rule(one_line, max_length=100, example="Ada Lovelace")]
"""A person's name: 1 to 100 characters on one line, NFC, at least one of them visible."""

Text = Annotated[str, Rule(several_lines, example="Hello,\nhow are you?")]
"""A message: 1 to 5,000 characters, NFC; line ends become `\\n`."""

Code = Annotated[str, Rule(_code, max_length=32, example="123456")]
"""A six-digit code, as people paste it: with spaces and dashes around it and inside."""

Email = Annotated[str, Rule(emails.parse, max_length=320, format="email", example="ada@example.com")]
"""An email address, normalized by `shared.values.emails`."""

Password = Annotated[str, Rule(format="password", example="correct horse battery")]
"""A password to check. `shared.values.passwords` has the rules for a new one."""

RecoveryCode = Annotated[str, Rule(max_length=64, example="MZXW-6YTB-OI4G-K5DT")]
"""A recovery code, as people type it."""

Secret = Annotated[str, Rule(example="1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM")]
"""A token or another secret that we have issued."""

CaptchaToken = Annotated[str, Rule(max_length=8192, example="0.XPd3zS5cQ8yT")]
"""What the widget of a captcha has returned."""

CodeChallenge = Annotated[
    str, Rule(pattern="^[A-Za-z0-9_-]{43}$", example="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
]
"""The SHA-256 of a code verifier, as base64url (RFC 7636, 4.2: S256)."""

CodeVerifier = Annotated[
    str, Rule(pattern="^[A-Za-z0-9._~-]{43,128}$", example="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
]
"""A code verifier (RFC 7636, 4.1)."""

FrontEndPath = Annotated[str, Rule(_path, max_length=1000, example="/settings?tab=1")]
"""A path of the front end, with its query. No other site can be meant by it."""

RefreshToken = Annotated[str, Rule(example="AQ" + "A" * 90)]
"""A refresh token."""

Line = Annotated[str, Rule(one_line, max_length=200, example="A line of text")]
"""A text on one line: 1 to 200 characters, NFC, at least one of them visible."""

Lines = Annotated[list[Line], Rule(max_length=20)]
"""Up to 20 texts."""

WholeNumber = Annotated[int, Rule(ge=-(2**53), le=2**53, example=42)]
"""A whole number that every program reads alike: up to 2^53 (RFC 7493, 2.2)."""

Real = Annotated[float, Rule(real, example=4.5)]
"""A number of 64 bits that DynamoDB keeps with all of them."""

DecimalText = Annotated[str, Rule(_decimal, max_length=40, format="decimal", example="12.50")]
"""A decimal number of up to 38 digits, which keeps its digits: `12.50` stays `12.50`."""

Date = Annotated[str, Rule(_date, max_length=10, format="date", example="2026-08-04")]
"""A date (RFC 3339)."""

DateTime = Annotated[str, Rule(_time, max_length=35, format="date-time", example="2026-08-04T12:00:00.000Z")]
"""A time, which becomes UTC with milliseconds (RFC 3339), so that the texts of times sort as the times do."""

Uuid = Annotated[str, Rule(_uuid, max_length=36, format="uuid", example="0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42")]
"""A UUID in lower case."""
