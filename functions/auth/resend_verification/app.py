"""/api/auth/resend-verification: ask for another mail to confirm an address. The answer is always the same."""

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
    """Where to send it."""

    email: Email


@api.post
def resend(form: Address, client: Client) -> Response:
    """Mail another link and code, if the address has an account that needs them; the earlier ones stop counting."""
    limits.RESEND_VERIFICATION.take(limits.network(client.ip))
    registration.resend_verification(form.email)
    return message("If this address needs confirming, a mail is on its way.", HTTPStatus.ACCEPTED)
