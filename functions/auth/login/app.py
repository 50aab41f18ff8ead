"""/api/auth/login: sign in with address and password."""

from shared import limits, sign_in
from shared.http import Api, Client, Response
from shared.inputs import Body
from shared.types import Email

api = Api("/api/auth/login")
handler = api.handler


class Credentials(Body):
    """Who says to be who."""

    email: Email
    password: str


@api.post
def login(form: Credentials, client: Client) -> Response:
    """Start a session and give the tokens for it."""
    limits.LOGIN.take(limits.network(client.ip))
    return Response(sign_in.with_password(email=form.email, password=form.password, client=client).public())
