"""Creates the admin of the local data. Run in a worker like any function, so that it sees what the functions see."""

from typing import Any

from shared.accounts import lifecycle


def handler(event: dict[str, str], _context: object) -> Any:
    """Make sure that the admin {"email", "password"} exists."""
    return lifecycle.ensure_admin(event["email"], event["password"])
