"""The fields of a resource, as `make resource FIELDS="title:Name due:date? state:open|done"` names them."""

import keyword
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from scaffold.names import ScaffoldError, camel_case, snake_case
from shared.core.attributes import holds

_FIELD = re.compile(r"(?P<name>[A-Za-z]\w*):(?P<kind>[^?]+)(?P<optional>\??)", re.ASCII)
_LIMITED = re.compile(r"(?P<kind>\w+)(\((?P<limits>[^()]*)\))?", re.ASCII)
_CHOICE = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
# Names that a record, a body or a query has for itself, and types that the annotations of other fields need.
_RESERVED = re.compile(
    "id|owner|owner_id|changes|replacement|not_found|record|shard|version|created_at|updated_at|public|item|from_item|"
    "given|to_json|from_request|load|header|"
    "input_errors|input_example|limit|cursor|sort|selection|selected|seal|position|success|data|next_cursor|"
    "str|int|float|bool|list"
)
# DynamoDB's limit for an item, less what a record has besides its fields.
_MAX_BYTES = 390_000
# A key of an index may have 1,024 bytes, with the record's id.
_MAX_KEY_BYTES = 900
_MAX_INT = 2**53
# DynamoDB allows 20, and an owner may need one.
_MAX_INDEXES = 19


class Kind(NamedTuple):
    """A type of fields. `own` makes the annotation of a type with limits.

    `size` is the most bytes that a value takes in DynamoDB. `values` are two examples, and `wrong` is refused.
    """

    annotation: str
    size: int
    values: tuple[Any, Any]
    wrong: Any
    is_ordered: bool = False
    own: Callable[[list[float]], tuple[str, int]] | None = None


def _text(function: str, most: int, example: str) -> Callable[[list[float]], tuple[str, int]]:
    def own(limits: list[float]) -> tuple[str, int]:
        (length,) = _whole(limits, 1, 1, most)
        rule = f'{function}, max_length={length}, example="{example[:length].strip()}"'
        return f"Annotated[str, Rule({rule})]", 4 * length

    return own


def _list(limits: list[float]) -> tuple[str, int]:
    (length,) = _whole(limits, 1, 1, 100)
    return f"Annotated[list[Line], Rule(max_length={length})]", 800 * length


def _int(limits: list[float]) -> tuple[str, int]:
    low, high = _whole(limits, 2, -_MAX_INT, _MAX_INT)
    if low == high:
        raise ValueError
    return f"Annotated[int, Rule(ge={low}, le={high}, example={high})]", 10


def _float(limits: list[float]) -> tuple[str, int]:
    low, high = limits
    if not (low < high and all(map(holds, limits))):
        raise ValueError
    return f"Annotated[float, Rule(real, ge={low}, le={high}, example={high})]", 21


def _whole(limits: list[float], count: int, least: int, most: int) -> list[int]:
    whole = [int(limit) for limit in limits]
    if len(limits) != count or whole != limits or whole != sorted(whole):
        raise ValueError
    if not all(least <= limit <= most for limit in whole):
        raise ValueError(f"from {least} to {most}")
    return whole


KINDS = {
    "Name": Kind("Name", 400, ("Ada Lovelace", "Grace Hopper"), 7),
    "Text": Kind("Text", 20_000, ("Hello,\nhow are you?", "Goodbye"), 7, own=_text("several_lines", 5000, "Hello")),
    "Email": Kind("Email", 1280, ("ada@example.com", "grace@example.com"), "nobody"),
    "str": Kind("Line", 800, ("A line of text", "Other text"), 7, own=_text("one_line", 2000, "A line of text")),
    "int": Kind("WholeNumber", 10, (42, -7), "seven", is_ordered=True, own=_int),
    "float": Kind("Real", 21, (4.5, 3.0), "seven", is_ordered=True, own=_float),
    "decimal": Kind("DecimalText", 40, ("12.50", "-0.5"), "twelve", is_ordered=True),
    "bool": Kind("bool", 1, (True, False), "yes"),
    "date": Kind("Date", 10, ("2026-08-04", "2027-01-31"), "2026-02-30", is_ordered=True),
    "datetime": Kind("DateTime", 24, ("2026-08-04T12:00:00.000Z", "2027-01-31T08:30:00.000Z"), "noon", is_ordered=True),
    "uuid": Kind("Uuid", 36, ("0b7c5a3e-5f0e-4c57-9a31-6f2f0f1c9d42", "6f1c1f0e-2a3c-4c5e-9d57-0a6a4f1f2b3c"), "none"),
    "list": Kind("Lines", 16_000, (["first", "second"], []), "first", own=_list),
}


@dataclass(frozen=True)
class Field:
    """A field. `definition` is that of a type of its own, such as `NoteState`; empty if it has a type of all."""

    name: str
    kind: str
    annotation: str
    definition: str
    is_optional: bool
    is_ordered: bool
    size: int
    values: tuple[Any, Any]
    wrong: Any

    @property
    def json(self) -> str:
        """Its name in JSON, in camelCase."""
        return camel_case(self.name)

    @property
    def type(self) -> str:
        """Its annotation: with None, if it is optional."""
        return f"{self.annotation} | None" if self.is_optional else self.annotation

    @property
    def ascending(self) -> list[Any]:
        """Its two examples in the order of its index."""
        return sorted(self.values, key=Decimal if self.kind == "decimal" else None)

    @property
    def in_query(self) -> str:
        """The type of a parameter that selects by it."""
        return "Annotated[Decimal, Rule(max_digits=38)]" if self.kind == "decimal" else self.annotation

    @property
    def stored(self) -> str:
        """The expression for its value in a stored item. DynamoDB writes 3.0 as 3."""
        item = f'item["{self.json}"]'
        if self.kind == "float":
            return f'float({item}) if "{self.json}" in item else None' if self.is_optional else f"float({item})"
        return f'item.get("{self.json}")' if self.is_optional else item

    @property
    def indexed(self) -> str:
        """The expression for the value that its index sorts by."""
        if self.kind != "decimal":
            return f"self.{self.name}"
        number = f"Decimal(self.{self.name})"
        return f"None if self.{self.name} is None else {number}" if self.is_optional else number


def parse(text: str, prefix: str) -> list[Field]:
    """Return the fields. Types of their own are named with this prefix: `NoteState`.

    Raises:
        ScaffoldError: a name, a type or a limit is wrong; or a record could be too large for DynamoDB.

    """
    words = re.findall(r"[^\s(]+(?:\([^)]*\))?\S*", text)
    if not words:
        raise ScaffoldError('FIELDS names no field. An example: FIELDS="title:Name body:Text? due:date?"')
    fields = [_field(word, prefix) for word in words]
    names = [field.name for field in fields]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ScaffoldError(f"There are two fields {twice}.")
    size = sum(field.size for field in fields)
    if size > _MAX_BYTES:
        raise ScaffoldError(
            f"A record could have {size:,} bytes, and DynamoDB stores {_MAX_BYTES:,}. Limit the texts: Text(1000)."
        )
    return fields


def _field(word: str, prefix: str) -> Field:
    match = _FIELD.fullmatch(word)
    if match is None:
        raise ScaffoldError(f"{word!r} is not a field: name:type, or name:type? for one that may be missing.")
    name = snake_case(match["name"])
    if (
        keyword.iskeyword(name)
        or _RESERVED.fullmatch(name)
        or name.startswith("by_")
        or match["name"] not in {name, camel_case(name)}
        or name != snake_case(camel_case(name))
    ):
        raise ScaffoldError(
            f"{match['name']} cannot be the name of a field: it is a word of Python, or every record has it, or it is "
            "not in camelCase. Choose another."
        )
    own = prefix + "".join(part.capitalize() for part in name.split("_"))
    optional = bool(match["optional"])
    if "|" in match["kind"]:
        return _choice(name, match["kind"].split("|"), own, optional=optional)
    return _of_kind(name, match["kind"], own, optional=optional)


def _choice(name: str, choices: Sequence[str], own: str, *, optional: bool) -> Field:
    wrong = next((choice for choice in choices if not _CHOICE.fullmatch(choice)), None)
    if wrong is not None or len(set(choices)) < max(2, len(choices)):
        raise ScaffoldError(f"{name}: its values are two or more lower-case words, all different, such as open|done.")
    literal = ", ".join(f'"{choice}"' for choice in choices)
    return Field(
        name=name,
        kind="choice",
        annotation=own,
        definition=f"Literal[{literal}]",
        is_optional=optional,
        is_ordered=False,
        size=max(map(len, choices)),
        values=(choices[0], choices[1]),
        wrong="none of these",
    )


def _of_kind(name: str, text: str, own: str, *, optional: bool) -> Field:
    match = _LIMITED.fullmatch(text)
    kind = KINDS.get(match["kind"]) if match else None
    if match is None or kind is None:
        raise ScaffoldError(f"{name}: {text} is not a type. The types are {', '.join(KINDS)}, and values as open|done.")
    annotation, definition, size, values = kind.annotation, "", kind.size, kind.values
    if match["limits"] is not None:
        definition, size = _limited(name, text, kind, match["limits"])
        annotation = own
        values = _within(match["kind"], match["limits"], values)
    return Field(
        name=name,
        kind=match["kind"],
        annotation=annotation,
        definition=definition,
        is_optional=optional,
        is_ordered=kind.is_ordered,
        size=size,
        values=values,
        wrong=kind.wrong,
    )


def _limited(name: str, text: str, kind: Kind, limits: str) -> tuple[str, int]:
    if kind.own is None:
        raise ScaffoldError(f"{name}: {text} has no limits. Those that have are Text(n), str(n), list(n), int(a,b).")
    try:
        return kind.own([float(limit) for limit in limits.split(",")])
    except (ValueError, OverflowError) as error:
        raise ScaffoldError(
            f"{name}: the limits of {text} are wrong. A text or list has one, the longest: str(120). A number has two, "
            f"the least and the greatest: int(1,5). {error}".rstrip()
        ) from None


def _within(kind: str, limits: str, values: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return examples that keep the limits."""
    numbers = [float(limit) for limit in limits.split(",")]
    if kind == "int":
        return int(numbers[0]), int(numbers[-1])
    if kind == "float":
        return numbers[0], numbers[-1]
    first, second = (value[: int(numbers[0])] for value in values)
    return (first, second) if kind == "list" else (first.strip(), second.strip())


def indexed(text: str, fields: Sequence[Field]) -> list[Field]:
    """Return the fields that `BY` names, each of which gets an index.

    Raises:
        ScaffoldError: there is no such field, or its values cannot be a key.

    """
    by_name = {field.name: field for field in fields}
    found = []
    for word in dict.fromkeys(text.replace(",", " ").split()):
        field = by_name.get(snake_case(word))
        if field is None:
            raise ScaffoldError(f"BY: there is no field {word}.")
        if field.kind in {"Text", "list"} or field.size > _MAX_KEY_BYTES or field.name.endswith(("_from", "_to")):
            raise ScaffoldError(f"BY: {word} cannot have an index: its values are too long, or its name is a range's.")
        found.append(field)
    if len(found) > _MAX_INDEXES:
        raise ScaffoldError(f"BY: a table has at most {_MAX_INDEXES} of these indexes, not {len(found)}.")
    return found
