"""/api/auth/forgot-password: ask for a link to choose a new password. The answer is always the same."""

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


class Form(Body):
    """Where to send it."""

    email: Email


@api.post
def forgot_password(form: Form, client: Client) -> Response:
    """Mail a link, if the address has an account; an earlier one stops counting."""
    limits.FORGOT_PASSWORD.take(limits.network(client.ip))
    recovery.forgot_password(form.email, client)
    return message("If this address has an account, a mail is on its way.", HTTPStatus.ACCEPTED)
