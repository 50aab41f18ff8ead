"""/api/auth/forgot-password: request a link to choose a new password. The response is always the same."""

from http import HTTPStatus

from shared.accounts import recovery
from shared.records import limits
from shared.values.client import Client
from shared.values.types import Email
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Response, message

api = Api("/api/auth/forgot-password")
handler = api.handler


class Address(Body):
    """The address to send the link to."""

    email: Email


@api.post(limit=limits.FORGOT_PASSWORD)
def forgot_password(body: Address, client: Client) -> Response:
    """Email a link if the address has an account. Earlier links stay valid."""
    recovery.forgot_password(body.email, client)
    return message("If this address has an account, you will receive an email.", HTTPStatus.ACCEPTED)
