"""/api/auth/register: open an account. The answer never tells whether the address was known."""

from http import HTTPStatus

from shared import accounts, limits
from shared.http import Api, Client, Response, message
from shared.inputs import Body
from shared.types import Email, Name

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
    accounts.register(name=form.name, email=form.email, password=form.password, client=client)
    return message("Check your inbox to confirm your address.", HTTPStatus.ACCEPTED)
