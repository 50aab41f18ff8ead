"""The users of the local data, and signing in as one of them without a password.

The session is a real one: the layer's own code starts it, in a worker (`local/tasks/sign_in.py`). No password reaches
the browser.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from local import tasks
from local.aws.client import Aws
from local.functions.pool import FunctionError
from local.template import Function, Project

# The most profiles to search, and to show.
_MAX_READ, _MAX_SHOWN = 5_000, 50
_FIELDS = ("id", "email", "name", "role", "status")
# The variable with the name of the table of profiles.
_TABLE = "USERS_TABLE"


def are_supported(layers: Iterable[Path]) -> bool:
    """Return whether the project has user accounts."""
    return any((layer / "shared" / "accounts" / "lifecycle.py").is_file() for layer in layers)


class SignInError(Exception):
    """The user cannot sign in. The message is for the developer."""


class Accounts:
    """The accounts of a project with users. `run` runs a task on an event (JSON) and returns its result (JSON)."""

    def __init__(self, admin_email: str, run: Callable[[Function, str], str], aws: Aws) -> None:
        self._admin_email, self._run, self._aws = admin_email, run, aws

    def users(self, project: Project, text: str) -> dict[str, Any]:
        """Return the first users by address whose address, name or id contains `text`: {admin, users, more}.

        `admin` is the address of the administrator of the local data, or None if the project has no accounts. `more`:
        there are further ones.
        """
        table = self._table(project)
        if table is None:
            return {"admin": None, "users": [], "more": False}
        word = text.lower()
        profiles = [
            profile
            for profile in self._profiles(table)
            if any(word in profile[name].lower() for name in ("email", "name", "id"))
        ]
        shown = sorted(profiles, key=lambda profile: profile["email"])[:_MAX_SHOWN]
        return {"admin": self._admin_email, "users": shown, "more": len(profiles) > len(shown)}

    def sign_in(self, project: Project, email: str, ip: str, user_agent: str) -> dict[str, Any]:
        """Start a session, and return the response of a sign-in: {token, refreshToken, user, …}. Raises SignInError."""
        if self._table(project) is None:
            raise SignInError("The project has no accounts.")
        task = tasks.function_of("sign_in", project.functions.values())
        try:
            result = json.loads(self._run(task, json.dumps({"email": email, "ip": ip, "userAgent": user_agent})))
        except FunctionError as problem:
            raise SignInError(f"The sign-in failed: {problem}") from problem
        if "problem" in result:
            raise SignInError(result["problem"])
        return dict(result)

    def _table(self, project: Project) -> str | None:
        if not are_supported(project.layers):
            return None
        names = (function.environment.get(_TABLE) for function in project.functions.values())
        return next((name for name in names if name), None)

    def _profiles(self, table: str) -> Iterator[dict[str, str]]:
        request: dict[str, Any] = {
            "TableName": table,
            "ProjectionExpression": ", ".join(f"#{name}" for name in _FIELDS),
            "ExpressionAttributeNames": {f"#{name}": name for name in _FIELDS},
        }
        read = 0
        while read < _MAX_READ:
            answer = self._aws.call("dynamodb", "Scan", request)
            read += answer["ScannedCount"]
            for item in answer["Items"]:
                # Another item of the table is not a profile: see `tables.BOOKKEEPING`.
                if all("S" in item.get(name, {}) for name in _FIELDS):
                    yield {name: item[name]["S"] for name in _FIELDS}
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
