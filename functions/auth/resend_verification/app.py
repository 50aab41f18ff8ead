"""/api/auth/resend-verification: request another email to confirm an address. The response is always the same."""

from http import HTTPStatus

from shared.accounts import registration
from shared.records import limits
from shared.values.client import Client
from shared.values.types import Email
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Response, message

api = Api("/api/auth/resend-verification")
handler = api.handler


class Address(Body):
    """The address to confirm, and the secret of the registration that the emailed code is for."""

    email: Email
    registration: str = ""


@api.post(limit=limits.RESEND_VERIFICATION)
def resend(body: Address, client: Client) -> Response:
    """Email another link and code if the address needs to be confirmed. Earlier ones stay valid."""
    registration.resend(body.email, body.registration, client)
    return message("If this address needs to be confirmed, you will receive an email.", HTTPStatus.ACCEPTED)
