"""/api/auth/logout: sign out here, everywhere else, or everywhere."""

from shared import sign_in
from shared.caller import Caller
from shared.http import Api, Client, Response, no_content
from shared.inputs import Body

api = Api("/api/auth/logout")
handler = api.handler


class Form(Body):
    """Which of the caller's sessions are to end."""

    scope: sign_in.Scope = "local"


@api.post
def logout(caller: Caller, form: Form, client: Client) -> Response:
    """End the sessions; their tokens are refused from the next call on."""
    sign_in.out(caller.session, form.scope, client)
    return no_content()
