"""/api/users: all accounts, for administrators."""

from http import HTTPStatus

from shared.accounts import lifecycle
from shared.records import users
from shared.records.idempotency import Once
from shared.records.users import Role
from shared.values.client import Client
from shared.values.types import Email, Name
from shared.web.api import Api
from shared.web.caller import Admin
from shared.web.inputs import Body, IdempotencyKey
from shared.web.pages import Page, listing
from shared.web.responses import Response, data

api = Api("/api/users", mostly="GET")
handler = api.handler


class Search(Page):
    """A page of all users, or the user with this address."""

    email: Email | None = None


class Invitation(Body):
    """The user to invite."""

    name: Name
    email: Email
    role: Role = "user"


@api.get
def list_users(admin: Admin, search: Search) -> Response:
    """Return a page of users, newest first."""
    if search.email is not None:
        found, position = users.with_email(search.email), None
    else:
        found, position = users.newest(search.limit, before=search.position(api, admin.session))
    return listing(api, [user.public() for user in found], search, position, admin.session)


@api.post
def invite(admin: Admin, body: Invitation, key: IdempotencyKey, client: Client) -> Response:
    """Create an account, and email its user an invitation to set a password."""
    if body.role == "admin":
        admin.must_be_fresh()
    once = Once(operation="invite", scope=admin.id, key=key.text, request=body.to_json())
    user = lifecycle.invite(name=body.name, email=body.email, role=body.role, once=once, client=client)
    return data(user, HTTPStatus.CREATED, Location=f"{api.path}/{user['id']}")
