"""/api/auth/forgot-password: request a link to choose a new password. The response is always the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import hooks, recovery
from shared.records import limits
from shared.values.client import Client
from shared.values.types import Email
from shared.web.api import Api
from shared.web.inputs import StrangersBody
from shared.web.responses import Accepted

if TYPE_CHECKING:
    from shared.shapes.messages import Message

api = Api("/api/auth/forgot-password")
handler = api.handler


class ForgottenPassword(StrangersBody):
    """The address to send the link to."""

    email: Email


@api.post(limit=limits.FORGOT_PASSWORD, errors=hooks.MAIL_ERRORS)
def forgot_password(body: ForgottenPassword, client: Client) -> Accepted[Message]:
    """Email a link if the address has an account. Earlier links stay valid."""
    hooks.before_mail_to_stranger(body.captcha_token, client)
    recovery.forgot_password(body.email, client)
    return Accepted({"message": "If this address has an account, you will receive an email."})
