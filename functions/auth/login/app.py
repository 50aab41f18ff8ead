"""/api/auth/login: sign in with address and password."""

from shared import sign_in
from shared.http import Api, Client, Response
from shared.inputs import Body
from shared.keys import ACCESS_TOKEN_LIFETIME
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
    signed_in = sign_in.with_password(
        email=form.email, password=form.password, ip=client.ip, user_agent=client.user_agent
    )
    user = signed_in.user
    return Response(
        {
            "token": signed_in.access_token,
            "tokenType": "Bearer",
            "expiresIn": ACCESS_TOKEN_LIFETIME,
            "refreshToken": signed_in.refresh_token,
            "user": {"id": user.id, "email": user.email, "name": user.name, "role": user.role},
        }
    )
