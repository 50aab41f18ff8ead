"""/api/auth/sessions/{sessionId}: one of the caller's sessions."""

from shared.accounts import sign_in
from shared.values.client import Client
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.responses import Response, no_content

api = Api("/api/auth/sessions/{sessionId}")
handler = api.handler


@api.delete
def end(session_id: str, caller: Caller, client: Client) -> Response:
    """End the session, which signs its device out."""
    sign_in.end_session(caller.id, session_id, client)
    return no_content()
