"""/api/auth/refresh: get new tokens for a session with its refresh token."""

from shared.accounts import sign_in
from shared.values.client import Client
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Response

api = Api("/api/auth/refresh")
handler = api.handler


class CurrentToken(Body):
    """The session's current refresh token."""

    refresh_token: str


@api.post
def refresh(body: CurrentToken, client: Client) -> Response:
    """Return new tokens. A retry after a lost response returns the same refresh token again."""
    return Response(sign_in.refresh(body.refresh_token, client).public())
