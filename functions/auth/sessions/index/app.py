"""/api/auth/sessions: the caller's sessions."""

from shared.records import sessions
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.responses import Response, data

api = Api("/api/auth/sessions")
handler = api.handler


@api.get
def list_sessions(caller: Caller) -> Response:
    """Return the caller's sessions, most recently used first."""
    found = sessions.of_user(caller.id)
    return data([session.public(current=session.id == caller.session.id) for session in found])
