"""/api/users/{userId}: one account, for its owner and for administrators."""

from shared.accounts import closing, lifecycle
from shared.core.errors import InvalidInput, NotAllowed
from shared.records import users
from shared.records.users import Role, Status, User
from shared.values.client import Client
from shared.values.types import Name
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.inputs import Body, IfMatch, entity_tag
from shared.web.responses import Response, data, no_content

api = Api("/api/users/{userId}", mostly="GET")
handler = api.handler


class Replacement(Body):
    """All fields that the caller may change: the name, and for administrators the role and status."""

    name: Name
    role: Role | None = None
    status: Status | None = None


class Changes(Body):
    """The fields to change."""

    name: Name | None = None
    role: Role | None = None
    status: Status | None = None


@api.get
def read(user_id: str, caller: Caller) -> Response:
    """Return the profile."""
    caller.must_be(user_id)
    return _profile(users.get(user_id))


@api.put
def replace(user_id: str, caller: Caller, body: Replacement, if_match: IfMatch, client: Client) -> Response:
    """Replace the profile. Administrators must provide the role and status too."""
    if caller.is_admin and not (body.role and body.status):
        raise InvalidInput("Name, role and status are required")
    return _change(user_id, caller, body, if_match, client)


@api.patch
def update(user_id: str, caller: Caller, body: Changes, if_match: IfMatch, client: Client) -> Response:
    """Change some fields of the profile."""
    return _change(user_id, caller, body, if_match, client)


@api.delete
def close(user_id: str, caller: Caller, client: Client) -> Response:
    """Delete the account. A job removes its activity; suppressions and form submissions stay."""
    caller.must_be(user_id)
    caller.must_be_fresh()
    closing.close(user_id, client)
    return no_content()


def _change(user_id: str, caller: Caller, body: Body, if_match: IfMatch, client: Client) -> Response:
    caller.must_be(user_id)
    changes = {name: value for name, value in vars(body).items() if value is not None}
    if not changes:
        raise InvalidInput("Provide at least one of name, role and status")
    if not caller.is_admin and changes.keys() != {"name"}:
        raise NotAllowed
    # An administrator's own access needs no proof: nobody gains anything by taking it away.
    proving = None if caller.id == user_id else caller.must_be_fresh
    return _profile(lifecycle.change(user_id, changes, versions=if_match, client=client, proving=proving))


def _profile(user: User) -> Response:
    return data(user.public(), ETag=entity_tag(user.version))
