"""/api/users/{userId}: one account, for its owner and for administrators."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from shared.accounts import closing, lifecycle
from shared.core.errors import (
    EmailChangeUndoable,
    InvalidInput,
    LastAdmin,
    NotAllowed,
    ReauthenticationRequired,
    UserNotFound,
)
from shared.records import users
from shared.records.users import User
from shared.values import declared
from shared.values.choices import Role, Status
from shared.values.client import Client
from shared.values.types import Name
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.conditional import Preconditions
from shared.web.inputs import OMITTED, Body
from shared.web.responses import NoContent, Versioned

if TYPE_CHECKING:
    from shared.shapes.users import PublicUser

api = Api("/api/users/{userId}", mostly="GET")
handler = api.handler

_ERRORS_OF_CHANGE = (NotAllowed, ReauthenticationRequired, UserNotFound, LastAdmin)
_EXAMPLE = {"name": "Grace Hopper", "role": "user", "status": "active"}


class Replacement(Body, example=_EXAMPLE, details_at=["profile", "administration"]):
    """All fields that the caller may change: the name, and for administrators the role and status.

    A field that can be null becomes null if it is left out.
    """

    name: Name
    role: Role = OMITTED
    status: Status = OMITTED


class Changes(Body, details_at=["profile", "administration"]):
    """The fields to change. Null clears a field that can be null."""

    name: Name = OMITTED
    role: Role = OMITTED
    status: Status = OMITTED


@api.get(errors=(NotAllowed, UserNotFound))
def read_user(user_id: str, caller: Caller) -> Versioned[PublicUser]:
    """Return the profile."""
    caller.must_be(user_id)
    return _profile(users.get(user_id))


@api.put(errors=_ERRORS_OF_CHANGE)
def replace_user(
    user_id: str, caller: Caller, body: Replacement, versions: Preconditions, client: Client
) -> Versioned[PublicUser]:
    """Replace the profile. Administrators must provide the role and status too."""
    given = body.to_json()
    if caller.is_admin and not {"role", "status"} <= given.keys():
        raise InvalidInput("Name, role and status are required")
    return _change(user_id, caller, {**dict.fromkeys(_details(caller)), **given}, versions, client)


@api.patch(errors=_ERRORS_OF_CHANGE)
def update_user(
    user_id: str, caller: Caller, body: Changes, versions: Preconditions, client: Client
) -> Versioned[PublicUser]:
    """Change some fields of the profile."""
    return _change(user_id, caller, body.to_json(), versions, client)


@api.delete(errors=(NotAllowed, ReauthenticationRequired, UserNotFound, LastAdmin, EmailChangeUndoable))
def close_account(user_id: str, caller: Caller, versions: Preconditions, client: Client) -> NoContent:
    """Delete the account. A job removes its activity and what it owned; suppressions and form submissions stay."""
    caller.must_be(user_id)
    caller.must_be_fresh()
    closing.close(user_id, versions=versions, client=client)
    return NoContent()


def _details(caller: Caller) -> Collection[str]:
    """Return the fields of `Details` that the caller may change."""
    return declared.fields_at("profile", "administration") if caller.is_admin else declared.fields_at("profile")


def _change(
    user_id: str, caller: Caller, changes: Mapping[str, Any], versions: Preconditions, client: Client
) -> Versioned[PublicUser]:
    caller.must_be(user_id)
    if not changes:
        raise InvalidInput("Provide at least one field to change")
    if not caller.is_admin and not changes.keys() <= {"name", *_details(caller)}:
        raise NotAllowed
    # An administrator's own access needs no proof: nobody gains anything by taking it away.
    proving = None if caller.id == user_id else caller.must_be_fresh
    return _profile(lifecycle.change(user_id, changes, versions=versions, client=client, proving=proving))


def _profile(user: User) -> Versioned[PublicUser]:
    return Versioned(user.public(), user.version)
