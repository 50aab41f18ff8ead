"""/api/auth/me: the caller's profile and session."""

from shared.records import users
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.responses import Response, data

api = Api("/api/auth/me")
handler = api.handler


@api.get
def me(caller: Caller) -> Response:
    """Return the caller's profile and session."""
    user = users.get(caller.id)
    return data({"user": user.public(), "session": caller.session.public(current=True)})
