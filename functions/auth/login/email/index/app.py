"""/api/auth/login/email: request a link and a code to sign in. The response does not tell which addresses are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import email_sign_in, hooks
from shared.records import limits
from shared.values.client import Client
from shared.values.types import Email, Name
from shared.web.api import Api
from shared.web.inputs import StrangersBody
from shared.web.responses import Accepted

if TYPE_CHECKING:
    from shared.shapes.messages import SignInRequested

api = Api("/api/auth/login/email")
handler = api.handler


class SignInByEmail(StrangersBody):
    """The address, whether the link is bound to this client, and the name of a new account.

    A `bound` link signs in only together with `request`. Without a `name`, a new account gets the part of its address
    before the @. Accounts open only if the parameter `EmailSignUp` is on and the sign-up policy allows the address.
    """

    email: Email
    bound: bool = False
    name: Name | None = None


@api.post(limit=limits.EMAIL_SIGN_IN, errors=hooks.MAIL_ERRORS)
def request_sign_in(body: SignInByEmail, client: Client) -> Accepted[SignInRequested]:
    """Email a link and a code if the address has an account, and return the secret of the request."""
    hooks.before_mail_to_stranger(body.captcha_token, client)
    secret = email_sign_in.ask(email=body.email, name=body.name, is_bound=body.bound, client=client)
    return Accepted({"message": "If you can sign in with this address, you will receive an email.", "request": secret})
