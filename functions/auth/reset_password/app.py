"""/api/auth/reset-password: choose a password, by the link that was mailed: an invitation, or because it was forgotten.

POST alone, so that a mail scanner that opens every link burns nothing.
"""

from shared.accounts import recovery
from shared.values.client import Client
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Response, no_content

api = Api("/api/auth/reset-password")
handler = api.handler


class Form(Body):
    """The link's token, and the password from now on."""

    token: str
    password: str


@api.post
def reset_password(form: Form, client: Client) -> Response:
    """Set the password and end every session. Nobody is signed in by it."""
    recovery.reset_password(form.token, form.password, client)
    return no_content()
