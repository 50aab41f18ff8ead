"""/api/auth/me: who is calling, and with which session."""

from shared import users
from shared.caller import Caller
from shared.http import Api, Response, data

api = Api("/api/auth/me")
handler = api.handler


@api.get
def me(caller: Caller) -> Response:
    """Give the caller's own profile and session."""
    user = users.get(caller.id)
    return data({"user": user.public(), "session": caller.session.public(current=True)})
