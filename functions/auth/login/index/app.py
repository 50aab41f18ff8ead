"""/api/auth/login: sign in with email and password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import password_sign_in
from shared.core.errors import InvalidCredentials, MfaRequired
from shared.records import limits
from shared.values.client import Client
from shared.values.types import Email, Password, Secret
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Plain

if TYPE_CHECKING:
    from shared.shapes.sessions import Tokens

api = Api("/api/auth/login")
handler = api.handler


class EmailAndPassword(Body, example={"email": "admin@example.com", "password": "correct horse battery"}):
    """Email and password to check, and the `device` of the latest sign-in with this client."""

    email: Email
    password: Password
    device: Secret = ""


@api.post(limit=limits.SIGN_IN, errors=(InvalidCredentials, MfaRequired))
def login(body: EmailAndPassword, client: Client) -> Plain[Tokens]:
    """Start a session, and return its tokens. If the account has a factor, /api/auth/mfa does."""
    signed_in = password_sign_in.with_password(
        email=body.email, password=body.password, device_token=body.device, client=client
    )
    return Plain(signed_in.public())
