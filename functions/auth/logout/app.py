"""/api/auth/logout: sign out here, everywhere else, or everywhere."""

from shared.accounts import sign_in
from shared.values.client import Client
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.inputs import Body
from shared.web.responses import Response, no_content

api = Api("/api/auth/logout")
handler = api.handler


class Form(Body):
    """Which of the caller's sessions are to end."""

    scope: sign_in.Scope = "local"


@api.post
def logout(caller: Caller, form: Form, client: Client) -> Response:
    """End the sessions; their tokens are refused from the next call on."""
    sign_in.sign_out(caller.session, form.scope, client)
    return no_content()
