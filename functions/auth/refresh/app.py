"""/api/auth/refresh: go on with a session, by its refresh token."""

from shared.accounts import sign_in
from shared.values.client import Client
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Response

api = Api("/api/auth/refresh")
handler = api.handler


class Form(Body):
    """The session's last refresh token."""

    refresh_token: str


@api.post
def refresh(form: Form, client: Client) -> Response:
    """Give new tokens. Sent twice, as after a lost answer, the same refresh token is given again."""
    return Response(sign_in.refresh(form.refresh_token, client).public())
