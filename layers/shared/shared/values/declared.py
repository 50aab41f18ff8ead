"""The fields of `Details`: where each is accepted, and their values in a request or a stored item.

A request, a response and an item name a field as `Details` does, and hold its value as JSON has it: a date is its text.
A user who has never given a value has None.
"""

from collections.abc import Mapping
from typing import Annotated, Any, cast, get_args, get_origin

from shared.values.details import Details
from shared.values.types import AcceptedAt, Place, Rule

# The other attributes of a user.
TAKEN = frozenset(
    {
        *("id", "name", "email", "role", "status", "emailVerified", "emailStatus", "createdAt", "updatedAt"),
        *("version", "shard", "position"),
    }
)


def fields_at(*places: Place) -> dict[str, Any]:
    """Return the fields that are accepted at one of these places, and their types."""
    return {name: kind for name, kind in _FIELDS.items() if not _places(kind).isdisjoint(places)}


def has(name: str) -> bool:
    """Return whether the project has added a field of this name."""
    return name in _FIELDS


def details(values: Mapping[str, Any]) -> Details:
    """Return the values of all fields: None for one that is not among `values`."""
    return cast("Details", {name: values.get(name) for name in _FIELDS})


def verified(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the names and types of fields.

    Raises:
        TypeError: a name is taken or is not camelCase, or a type does not allow None or has no limits.

    """
    for name, kind in fields.items():
        if name in TAKEN:
            raise TypeError(f"Details.{name}: users have another attribute of this name")
        if "_" in name:
            raise TypeError(f"Details.{name}: use the name that callers see, in camelCase")
        if type(None) not in get_args(get_args(kind)[0] if get_origin(kind) is Annotated else kind):
            raise TypeError(f"Details.{name}: use a type that ends with `| None`, because users have no value yet")
        if _is_unlimited(kind):
            raise TypeError(f"Details.{name}: use a type with limits, such as Line, WholeNumber or Real, or add a Rule")
    return fields


def _is_unlimited(kind: Any) -> bool:
    """Return whether a type accepts texts and numbers that DynamoDB cannot store."""
    rules = [each for each in getattr(kind, "__metadata__", ()) if isinstance(each, Rule) and each.is_limited]
    members = get_args(get_args(kind)[0] if get_origin(kind) is Annotated else kind)
    return not rules and not {int, float, str}.isdisjoint(members)


def _places(kind: Any) -> frozenset[str]:
    """Return where a field of this type is accepted: nowhere without `AcceptedAt`."""
    return frozenset(
        place for each in getattr(kind, "__metadata__", ()) if isinstance(each, AcceptedAt) for place in each.places
    )


_FIELDS = verified(Details.__annotations__)
