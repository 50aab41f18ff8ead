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
    """The address to confirm."""

    email: Email


@api.post
def resend(body: Address, client: Client) -> Response:
    """Email a new link and code if the address needs to be confirmed. They invalidate earlier ones."""
    limits.RESEND_VERIFICATION.take(limits.network(client.ip))
    registration.resend_verification(body.email)
    return message("If this address needs to be confirmed, you will receive an email.", HTTPStatus.ACCEPTED)
