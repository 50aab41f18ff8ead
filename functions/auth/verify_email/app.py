"""/api/auth/verify-email: confirm an address by the link or the code that was mailed to it, or undo its change.

POST alone, so that a mail scanner that opens every link confirms nothing.
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
    """The link's token, or the address and the code of six digits."""

    token: str | None = None
    email: Email | None = None
    code: str | None = None


@api.post
def verify(proof: Proof, client: Client) -> Response:
    """Do what the link stands for. Nobody is signed in by it."""
    if proof.token:
        links.follow(proof.token, client)
    elif proof.email and proof.code:
        registration.verify_email_by_code(proof.email, proof.code, client)
    else:
        raise InvalidInput("Token, or email and code are required")
    return message("Your address is confirmed.")
