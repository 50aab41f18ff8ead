"""/api/auth/change-password: replace the current password."""

from shared.accounts import recovery
from shared.values.client import Client
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.inputs import Body
from shared.web.responses import Response

api = Api("/api/auth/change-password")
handler = api.handler


class Passwords(Body):
    """The current and the new password."""

    current_password: str
    new_password: str


@api.post
def change_password(caller: Caller, body: Passwords, client: Client) -> Response:
    """Set the password, end the caller's other sessions, and return new tokens for this one."""
    signed_in = recovery.change_password(
        caller.session, current=body.current_password, new=body.new_password, client=client
    )
    return Response(signed_in.public())
