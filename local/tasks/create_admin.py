"""Creates the admin account of the local data. Runs in a worker, with the environment of the functions."""

from typing import Any

from shared.accounts import lifecycle


def handler(event: dict[str, str], _context: object) -> Any:
    """Ensure that {"email", "password"} is an admin who can sign in."""
    return lifecycle.ensure_admin(event["email"], event["password"])
