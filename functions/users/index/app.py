"""/api/users: all accounts, for administrators."""

from http import HTTPStatus
from urllib.parse import urlencode

from shared import accounts, users
from shared.caller import Admin
from shared.http import Api, Response, data
from shared.idempotency import Once
from shared.inputs import Body, IdempotencyKey
from shared.pages import Page, cursor
from shared.types import Email, Name
from shared.users import Role

api = Api("/api/users")
handler = api.handler


class Listing(Page):
    """A page of all users, or the one with this address."""

    email: Email | None = None


class Invitation(Body):
    """Whom to open an account for."""

    name: Name
    email: Email
    role: Role = "user"


@api.get
def list_users(admin: Admin, listing: Listing) -> Response:
    """Give users, newest first."""
    if listing.email is not None:
        found, position = users.with_email(listing.email), None
    else:
        found, position = users.newest(listing.limit, before=listing.position(admin.session))
    following = cursor(position, admin.session)
    body = {"success": True, "data": [user.public() for user in found], "nextCursor": following}
    if following is None:
        return Response(body)
    query = urlencode({"limit": listing.limit, "cursor": following})
    return Response(body, headers={"Link": f'<{api.path}?{query}>; rel="next"'})


@api.post
def invite(admin: Admin, form: Invitation, key: IdempotencyKey) -> Response:
    """Open an account for somebody, who is mailed an invitation to set a password."""
    once = Once(operation="invite", caller_id=admin.id, key=key.text, request=form.model_dump())
    user = accounts.invite(name=form.name, email=form.email, role=form.role, once=once)
    return data(user, HTTPStatus.CREATED, Location=f"{api.path}/{user['id']}")
