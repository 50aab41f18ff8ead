"""/api/users/{userId}: one account, for its owner and for administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from shared.values.choices import Role, Status
from shared.values.client import Client
from shared.values.types import Name
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.inputs import Body, IfMatch
from shared.web.responses import NoContent, Versioned

if TYPE_CHECKING:
    from shared.shapes.users import PublicUser

api = Api("/api/users/{userId}", mostly="GET")
handler = api.handler

_OF_CHANGE = (NotAllowed, ReauthenticationRequired, UserNotFound, LastAdmin)


class Replacement(Body, example={"name": "Grace Hopper", "role": "user", "status": "active"}):
    """All fields that the caller may change: the name, and for administrators the role and status."""

    name: Name
    role: Role | None = None
    status: Status | None = None


class Changes(Body):
    """The fields to change."""

    name: Name | None = None
    role: Role | None = None
    status: Status | None = None


@api.get(errors=(NotAllowed, UserNotFound))
def read_user(user_id: str, caller: Caller) -> Versioned[PublicUser]:
    """Return the profile."""
    caller.must_be(user_id)
    return _profile(users.get(user_id))


@api.put(errors=_OF_CHANGE)
def replace_user(
    user_id: str, caller: Caller, body: Replacement, if_match: IfMatch, client: Client
) -> Versioned[PublicUser]:
    """Replace the profile. Administrators must provide the role and status too."""
    if caller.is_admin and not (body.role and body.status):
        raise InvalidInput("Name, role and status are required")
    return _change(user_id, caller, body, if_match, client)


@api.patch(errors=_OF_CHANGE)
def update_user(
    user_id: str, caller: Caller, body: Changes, if_match: IfMatch, client: Client
) -> Versioned[PublicUser]:
    """Change some fields of the profile."""
    return _change(user_id, caller, body, if_match, client)


@api.delete(errors=(NotAllowed, ReauthenticationRequired, UserNotFound, LastAdmin, EmailChangeUndoable))
def close_account(user_id: str, caller: Caller, client: Client) -> NoContent:
    """Delete the account. A job removes its activity; suppressions and form submissions stay."""
    caller.must_be(user_id)
    caller.must_be_fresh()
    closing.close(user_id, client)
    return NoContent()


def _change(user_id: str, caller: Caller, body: Body, if_match: IfMatch, client: Client) -> Versioned[PublicUser]:
    caller.must_be(user_id)
    changes = {name: value for name, value in vars(body).items() if value is not None}
    if not changes:
        raise InvalidInput("Provide at least one of name, role and status")
    if not caller.is_admin and changes.keys() != {"name"}:
        raise NotAllowed
    # An administrator's own access needs no proof: nobody gains anything by taking it away.
    proving = None if caller.id == user_id else caller.must_be_fresh
    return _profile(lifecycle.change(user_id, changes, versions=if_match, client=client, proving=proving))


def _profile(user: User) -> Versioned[PublicUser]:
    return Versioned(user.public(), user.version)
