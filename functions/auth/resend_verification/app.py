"""/api/auth/resend-verification: ask for another mail to confirm an address. The answer is always the same."""

from http import HTTPStatus

from shared import accounts, limits
from shared.http import Api, Client, Response, message
from shared.inputs import Body
from shared.types import Email

api = Api("/api/auth/resend-verification")
handler = api.handler


class Address(Body):
    """Where to send it."""

    email: Email


@api.post
def resend(form: Address, client: Client) -> Response:
    """Mail another link and code, if the address has an account that needs them; the earlier ones stop counting."""
    limits.RESEND_VERIFICATION.take(limits.network(client.ip))
    accounts.resend_verification(form.email)
    return message("If this address needs confirming, a mail is on its way.", HTTPStatus.ACCEPTED)
