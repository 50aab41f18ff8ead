"""/api/auth/change-email: move the account to another address. The answer never tells whether that one was known."""

from http import HTTPStatus

from shared.accounts import email_change
from shared.values.client import Client
from shared.values.types import Email
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.inputs import Body
from shared.web.responses import Response, message

api = Api("/api/auth/change-email")
handler = api.handler


class Form(Body):
    """Where to move it, and the proof that it is the owner who asks."""

    new_email: Email
    password: str


@api.post
def change_email(caller: Caller, form: Form, client: Client) -> Response:
    """Mail a link to the new address; the account moves when it is confirmed at /api/auth/verify-email."""
    email_change.request(caller.session, new_email=form.new_email, password=form.password, client=client)
    return message("Check the new address's inbox to confirm it.", HTTPStatus.ACCEPTED)
