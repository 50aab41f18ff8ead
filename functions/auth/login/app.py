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
    """Email and password to check, and the `device` of the latest sign-in with this client."""

    email: Email
    password: str
    device: str = ""


@api.post(limit=limits.SIGN_IN)
def login(body: EmailAndPassword, client: Client) -> Response:
    """Start a session, and return its tokens."""
    signed_in = sign_in.with_password(email=body.email, password=body.password, device=body.device, client=client)
    return Response(signed_in.public())
