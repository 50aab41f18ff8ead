"""/api/auth/reset-password: set a password with an emailed link, after an invitation or a forgotten password.

Only POST is accepted, so that an email scanner that opens every link does not use it up.
"""

from __future__ import annotations

from shared.accounts import recovery
from shared.core.errors import InvalidOneTimeToken
from shared.values.client import Client
from shared.values.types import Password, Secret
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import NoContent

api = Api("/api/auth/reset-password")
handler = api.handler


class NewPassword(Body):
    """The link's token, and the new password."""

    token: Secret
    password: Password


@api.post(errors=(InvalidOneTimeToken,))
def reset_password(body: NewPassword, client: Client) -> NoContent:
    """Set the password, and end every session. This does not sign the user in."""
    recovery.reset_password(body.token, body.password, client)
    return NoContent()
