"""/api/auth/me: the caller's profile and session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.core.errors import SessionEnded
from shared.records import users
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.responses import Versioned, digest

if TYPE_CHECKING:
    from shared.shapes.users import Me

api = Api("/api/auth/me")
handler = api.handler


@api.get
def read_me(caller: Caller) -> Versioned[Me]:
    """Return the caller's profile and session."""
    user = users.find(caller.id)
    if user is None:
        # The account was closed a moment ago.
        raise SessionEnded
    me: Me = {"user": user.public(), "session": caller.session.public(current=True)}
    return Versioned(me, digest(me))
