"""The transformed template, built once for all tests."""

from functools import cache
from typing import Any

from operations.transformed import transform


@cache
def transformed_template() -> dict[str, Any]:
    """Return the transformed template, which takes a second to build; `resolve_conditions` applies parameters to it."""
    return transform()
