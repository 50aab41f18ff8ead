"""Conditions on the attributes of an item, as DynamoDB's expressions have them.

They read as boto3's do (`Attr("version").eq(3) & Attr("reservedUntil").not_exists()`), which are not used because
importing boto3 brings its resources and its support for S3 with it, at every cold start.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

# Gives the placeholder that stands for a name or a value.
Placeholder: TypeAlias = Callable[[Any], str]


class Condition(NamedTuple):
    """A condition, or several joined: `form` says how the names, values and conditions in `parts` are put together."""

    form: str
    parts: tuple["Name | Value | Condition", ...]

    def __and__(self, other: "Condition") -> "Condition":
        return Condition("({} AND {})", (self, other))

    def __or__(self, other: "Condition") -> "Condition":
        return Condition("({} OR {})", (self, other))

    def expression(self, name: Placeholder, value: Placeholder) -> str:
        """Give the text of the expression, with placeholders for every name and value."""
        return self.form.format(*(part.expression(name, value) for part in self.parts))


class Name(NamedTuple):
    """An attribute's name."""

    name: str

    def expression(self, name: Placeholder, _: Placeholder) -> str:
        """Give the placeholder."""
        return name(self.name)


class Value(NamedTuple):
    """A value to compare with."""

    value: Any

    def expression(self, _: Placeholder, value: Placeholder) -> str:
        """Give the placeholder."""
        return value(self.value)


class Key(Name):
    """An attribute of the key: what a query may ask about."""

    __slots__ = ()

    def eq(self, value: Any) -> Condition:
        """Say that it equals the value."""
        return Condition("{} = {}", (self, Value(value)))

    def lt(self, value: Any) -> Condition:
        """Say that it is below the value."""
        return Condition("{} < {}", (self, Value(value)))

    def lte(self, value: Any) -> Condition:
        """Say that it is at most the value."""
        return Condition("{} <= {}", (self, Value(value)))

    def gt(self, value: Any) -> Condition:
        """Say that it is above the value."""
        return Condition("{} > {}", (self, Value(value)))

    def gte(self, value: Any) -> Condition:
        """Say that it is at least the value."""
        return Condition("{} >= {}", (self, Value(value)))

    def begins_with(self, value: str) -> Condition:
        """Say that it begins with the text."""
        return Condition("begins_with({}, {})", (self, Value(value)))


class Attr(Key):
    """Any attribute: what the condition of a change may ask about."""

    __slots__ = ()

    def exists(self) -> Condition:
        """Say that the item has it."""
        return Condition("attribute_exists({})", (self,))

    def not_exists(self) -> Condition:
        """Say that the item has it not, or that there is no item."""
        return Condition("attribute_not_exists({})", (self,))
