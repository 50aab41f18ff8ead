"""/api/auth/logout: sign out of this session, all others, or all."""

from __future__ import annotations

from shared.accounts import sign_in
from shared.values.client import Client
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.inputs import Body
from shared.web.responses import NoContent

api = Api("/api/auth/logout")
handler = api.handler


class SignOut(Body):
    """The caller's sessions to end."""

    scope: sign_in.Scope = "local"


@api.post
def logout(caller: Caller, body: SignOut, client: Client) -> NoContent:
    """End the sessions. Their tokens are rejected from the next request on."""
    sign_in.sign_out(caller.session, body.scope, client)
    return NoContent()
