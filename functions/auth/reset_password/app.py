"""/api/auth/reset-password: set a password with an emailed link, after an invitation or a forgotten password.

Only POST is accepted, so that an email scanner that opens every link does not use it up.
"""

from shared.accounts import recovery
from shared.values.client import Client
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Response, no_content

api = Api("/api/auth/reset-password")
handler = api.handler


class NewPassword(Body):
    """The link's token, and the new password."""

    token: str
    password: str


@api.post
def reset_password(body: NewPassword, client: Client) -> Response:
    """Set the password, and end every session. This does not sign the user in."""
    recovery.reset_password(body.token, body.password, client)
    return no_content()
