"""/api/auth/reauthenticate: prove again who you are, before something that a stolen device or token must not do."""

from shared.accounts import sign_in
from shared.values.client import Client
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.inputs import Body
from shared.web.responses import Response

api = Api("/api/auth/reauthenticate")
handler = api.handler


class Proof(Body):
    """The password of the account."""

    password: str


@api.post
def reauthenticate(caller: Caller, body: Proof, client: Client) -> Response:
    """Make the session fresh for ten minutes, and return its new tokens. Refresh tokens issued before are void."""
    return Response(sign_in.reauthenticate(caller.session, body.password, client).public())
