"""The fields that this project adds to its users. CONTRIBUTING.md shows how: "Add a field to users"."""

from typing import TypedDict


class Details(TypedDict):
    """What the profile of a user has in addition to name, address and access."""
