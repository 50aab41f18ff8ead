"""The users of the local data, the codes of their authenticator apps, and signing in as one of them without a password.

The session is a real one: the layer's own code starts it, in a worker (`local/tasks/sign_in.py`). No password reaches
the browser, and no secret of an app: its code is computed in a worker, too (`local/tasks/app_codes.py`).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from local import tasks
from local.aws.client import Aws
from local.functions.pool import FunctionError
from local.template import Function, Project

# The most profiles to search, and to show.
_MAX_READ, _MAX_SHOWN = 5_000, 50
_FIELDS = ("id", "email", "name", "role", "status")
# The variables with the names of the tables of profiles and of second factors.
_USERS, _FACTORS = "USERS_TABLE", "FACTORS_TABLE"


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
        table = _table(project, _USERS)
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
        if _table(project, _USERS) is None:
            raise SignInError("The project has no accounts.")
        try:
            result = self._run_task(project, "sign_in", {"email": email, "ip": ip, "userAgent": user_agent})
        except FunctionError as problem:
            raise SignInError(f"The sign-in failed: {problem}") from problem
        if "problem" in result:
            raise SignInError(result["problem"])
        return dict(result)

    def codes(self, project: Project) -> dict[str, Any]:
        """Return the current code of each authenticator app: {endsAt, apps}, as the task `app_codes` does.

        Without apps there is no task to run: {endsAt: 0, apps: []}.
        """
        profiles, factors = _table(project, _USERS), _table(project, _FACTORS)
        owners = {item["userId"]["S"] for item in self._scan(factors, ("userId", "secret"))} if factors else set()
        if not owners or profiles is None:
            return {"endsAt": 0, "apps": []}
        users = {profile["id"]: profile["email"] for profile in self._profiles(profiles) if profile["id"] in owners}
        try:
            return self._run_task(project, "app_codes", {"users": users})
        except FunctionError:
            # Another key has sealed them, for example. They are a convenience.
            return {"endsAt": 0, "apps": []}

    def _run_task(self, project: Project, name: str, event: dict[str, Any]) -> dict[str, Any]:
        task = tasks.function_of(name, project.functions.values())
        return dict(json.loads(self._run(task, json.dumps(event))))

    def _profiles(self, table: str) -> Iterator[dict[str, str]]:
        for item in self._scan(table, _FIELDS):
            # Another item of the table is not a profile: see `tables.BOOKKEEPING`.
            if all("S" in value for value in item.values()):
                yield {name: item[name]["S"] for name in _FIELDS}

    def _scan(self, table: str, attributes: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Return these attributes of the first items of a table, without items that lack one."""
        request: dict[str, Any] = {
            "TableName": table,
            "ProjectionExpression": ", ".join(f"#{name}" for name in attributes),
            "ExpressionAttributeNames": {f"#{name}": name for name in attributes},
        }
        read = 0
        while read < _MAX_READ:
            answer = self._aws.call("dynamodb", "Scan", request)
            read += answer["ScannedCount"]
            yield from (item for item in answer["Items"] if all(name in item for name in attributes))
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _table(project: Project, variable: str) -> str | None:
    """Return the name of the table that the functions have in this variable. None without accounts."""
    if not are_supported(project.layers):
        return None
    names = (function.environment.get(variable) for function in project.functions.values())
    return next((name for name in names if name), None)
