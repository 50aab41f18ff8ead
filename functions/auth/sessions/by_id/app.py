"""/api/auth/sessions/{sessionId}: one of the caller's sessions."""

from shared import sign_in
from shared.caller import Caller
from shared.http import Api, Client, Response, no_content

api = Api("/api/auth/sessions/{sessionId}")
handler = api.handler


@api.delete
def end(session_id: str, caller: Caller, client: Client) -> Response:
    """Sign that device out."""
    sign_in.end(caller.id, session_id, client)
    return no_content()
