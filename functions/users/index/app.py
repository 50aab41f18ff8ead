"""/api/users: all accounts, for administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import lifecycle
from shared.core.errors import EmailTaken, ReauthenticationRequired
from shared.records import users
from shared.records.idempotency import Once
from shared.values import declared
from shared.values.choices import Role
from shared.values.client import Client
from shared.values.types import Email, Name
from shared.web.api import Api
from shared.web.caller import Admin
from shared.web.inputs import Body, IdempotencyKey
from shared.web.pages import Paging, page
from shared.web.responses import Created, Page

if TYPE_CHECKING:
    from shared.shapes.users import PublicUser

api = Api("/api/users", mostly="GET")
handler = api.handler


class Search(Paging):
    """A page of all users, or the user with this address."""

    email: Email | None = None


class Invitation(Body, details_at=["invitation"]):
    """The user to invite."""

    name: Name
    email: Email
    role: Role = "user"


@api.get
def list_users(admin: Admin, search: Search) -> Page[PublicUser]:
    """Return a page of users, newest first."""
    if search.email is not None:
        found, position = users.with_email(search.email), None
    else:
        found, position = users.newest(search.limit, before=search.position(api, admin.session))
    return page(api, [user.public() for user in found], search, position, admin.session)


@api.post(errors=(ReauthenticationRequired, EmailTaken))
def invite_user(admin: Admin, body: Invitation, key: IdempotencyKey, client: Client) -> Created[PublicUser]:
    """Create an account, and email its user an invitation to set a password."""
    if body.role == "admin":
        admin.must_be_fresh()
    request = body.to_json()
    once = Once(operation="invite", scope=admin.id, key=key.text, request=request)
    details = declared.details(request)
    user = lifecycle.invite(name=body.name, email=body.email, role=body.role, details=details, once=once, client=client)
    return Created(user, location=f"{api.path}/{user['id']}")
