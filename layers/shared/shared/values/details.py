"""The fields that this project adds to its users. docs/add-field.md shows how."""

from typing import TypedDict


class Details(TypedDict):
    """What the profile of a user has in addition to name, address and access."""
