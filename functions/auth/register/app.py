"""/api/auth/register: register. The response does not reveal whether the address is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import hooks, registration, sign_up_policy
from shared.records import limits
from shared.values import declared
from shared.values.client import Client
from shared.values.types import Email, Name, Password
from shared.web.api import Api
from shared.web.inputs import StrangersBody
from shared.web.responses import Accepted

if TYPE_CHECKING:
    from shared.shapes.messages import RegistrationStarted

api = Api("/api/auth/register")
handler = api.handler


class Registration(StrangersBody, details_at=["registration"]):
    """Name, email and password of the new account."""

    name: Name
    email: Email
    password: Password


@api.post(limit=limits.REGISTER, errors=(*sign_up_policy.ERRORS, *hooks.MAIL_ERRORS))
def register(body: Registration, client: Client) -> Accepted[RegistrationStarted]:
    """Store a pending registration and return its secret. The account opens when the address is confirmed."""
    hooks.before_mail_to_stranger(body.captcha_token, client)
    details = declared.details(body.to_json())
    secret = registration.register(
        name=body.name, email=body.email, password=body.password, details=details, client=client
    )
    return Accepted({"message": "Check your inbox to confirm your address.", "registration": secret})
