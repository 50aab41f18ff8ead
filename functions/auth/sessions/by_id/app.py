"""/api/auth/sessions/{sessionId}: one of the caller's sessions."""

from __future__ import annotations

from shared.accounts import sign_in
from shared.core.errors import SessionNotFound
from shared.values.client import Client
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.responses import NoContent

api = Api("/api/auth/sessions/{sessionId}")
handler = api.handler


@api.delete(errors=(SessionNotFound,))
def end_session(session_id: str, caller: Caller, client: Client) -> NoContent:
    """End the session, which signs its device out."""
    sign_in.end_session(caller.id, session_id, client)
    return NoContent()
