"""/api/auth/login: sign in with email and password."""

from shared.accounts import sign_in
from shared.records import limits
from shared.values.client import Client
from shared.values.types import Email
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Response

api = Api("/api/auth/login")
handler = api.handler


class EmailAndPassword(Body):
    """Email and password to check."""

    email: Email
    password: str


@api.post
def login(body: EmailAndPassword, client: Client) -> Response:
    """Start a session, and return its tokens."""
    limits.LOGIN.take(limits.network(client.ip))
    return Response(sign_in.with_password(email=body.email, password=body.password, client=client).public())
