"""/api/auth/sessions: the caller's sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.records import sessions
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.responses import Data

if TYPE_CHECKING:
    from shared.shapes.sessions import PublicSession

api = Api("/api/auth/sessions")
handler = api.handler


@api.get
def list_sessions(caller: Caller) -> Data[list[PublicSession]]:
    """Return the caller's sessions, most recently used first."""
    found = sessions.of_user(caller.id)
    return Data([session.public(current=session.id == caller.session.id) for session in found])
