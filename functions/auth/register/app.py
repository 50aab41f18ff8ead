"""/api/auth/register: open an account. The answer never tells whether the address was known."""

from http import HTTPStatus

from shared.accounts import registration
from shared.records import limits
from shared.values.client import Client
from shared.values.types import Email, Name
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Response, message

api = Api("/api/auth/register")
handler = api.handler


class Registration(Body):
    """Who wants an account."""

    name: Name
    email: Email
    password: str


@api.post
def register(form: Registration, client: Client) -> Response:
    """Open the account; it can be used once the address is confirmed."""
    limits.REGISTER.take(limits.network(client.ip))
    registration.register(name=form.name, email=form.email, password=form.password, client=client)
    return message("Check your inbox to confirm your address.", HTTPStatus.ACCEPTED)
