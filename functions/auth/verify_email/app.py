"""/api/auth/verify-email: confirm an address with an emailed link or code, or undo a change of address.

Only POST is accepted, so that an email scanner that opens every link confirms nothing.
"""

from shared.accounts import links, registration
from shared.core.errors import InvalidInput
from shared.values.client import Client
from shared.values.types import Email
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Response, message

api = Api("/api/auth/verify-email")
handler = api.handler


class Proof(Body):
    """The link's token, or the address and its six-digit code."""

    token: str | None = None
    email: Email | None = None
    code: str | None = None


@api.post
def verify(body: Proof, client: Client) -> Response:
    """Confirm the address, or undo its change. This does not sign the user in."""
    if body.token:
        links.follow(body.token, client)
    elif body.email and body.code:
        registration.verify_email_by_code(body.email, body.code, client)
    else:
        raise InvalidInput("Provide a token, or an email and a code")
    return message("Your address is confirmed.")
