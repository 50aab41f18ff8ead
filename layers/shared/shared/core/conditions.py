"""Conditions on the attributes of an item, for DynamoDB's expressions.

The syntax is boto3's: `Attr("version").eq(3) & Attr("reservedUntil").not_exists()`. boto3's own classes are not used,
because importing boto3 also imports its resources and its S3 support, at every cold start.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

# Returns the placeholder for a name or a value.
Placeholder: TypeAlias = Callable[[Any], str]


class Condition(NamedTuple):
    """A condition, or several joined ones. `template` is the format string that combines `parts`."""

    template: str
    parts: tuple["Name | Value | Condition", ...]

    def __and__(self, other: "Condition") -> "Condition":
        return Condition("({} AND {})", (self, other))

    def __or__(self, other: "Condition") -> "Condition":
        return Condition("({} OR {})", (self, other))

    def expression(self, name: Placeholder, value: Placeholder) -> str:
        """Return the text of the expression, with placeholders for all names and values."""
        return self.template.format(*(part.expression(name, value) for part in self.parts))


class Name(NamedTuple):
    """The name of an attribute."""

    name: str

    def expression(self, name: Placeholder, _: Placeholder) -> str:
        """Return the placeholder for the name."""
        return name(self.name)


class Value(NamedTuple):
    """A value to compare with."""

    value: Any

    def expression(self, _: Placeholder, value: Placeholder) -> str:
        """Return the placeholder for the value."""
        return value(self.value)


class Key(Name):
    """A key attribute. Only these can be used in the condition of a query."""

    __slots__ = ()

    def eq(self, value: Any) -> Condition:
        """True if the attribute equals the value."""
        return Condition("{} = {}", (self, Value(value)))

    def lt(self, value: Any) -> Condition:
        """True if the attribute is less than the value."""
        return Condition("{} < {}", (self, Value(value)))

    def lte(self, value: Any) -> Condition:
        """True if the attribute is less than or equal to the value."""
        return Condition("{} <= {}", (self, Value(value)))

    def gt(self, value: Any) -> Condition:
        """True if the attribute is greater than the value."""
        return Condition("{} > {}", (self, Value(value)))

    def between(self, low: Any, high: Any) -> Condition:
        """True if the attribute is neither less than `low` nor greater than `high`."""
        return Condition("{} BETWEEN {} AND {}", (self, Value(low), Value(high)))

    def begins_with(self, value: str) -> Condition:
        """True if the attribute begins with the text."""
        return Condition("begins_with({}, {})", (self, Value(value)))


class Attr(Key):
    """Any attribute, for the condition of a change."""

    __slots__ = ()

    def exists(self) -> Condition:
        """True if the item has the attribute."""
        return Condition("attribute_exists({})", (self,))

    def not_exists(self) -> Condition:
        """True if the attribute, or the item, does not exist."""
        return Condition("attribute_not_exists({})", (self,))
