"""/api/auth/change-email: change the account's address. The response does not reveal whether the new one is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import email_change, sign_up_policy
from shared.core.errors import InvalidCredentials, ReauthenticationRequired, TooManyRequests
from shared.values.client import Client
from shared.values.types import Email, Password
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.inputs import Body
from shared.web.responses import Accepted

if TYPE_CHECKING:
    from shared.shapes.messages import Message

api = Api("/api/auth/change-email")
handler = api.handler


class NewAddress(Body, example={"newEmail": "ada.new@example.com", "password": "correct horse battery"}):
    """The new address, and the password, which a fresh session may leave out.

    A session must be fresh if the account has a factor.
    """

    new_email: Email
    password: Password | None = None


@api.post(errors=(InvalidCredentials, ReauthenticationRequired, TooManyRequests, *sign_up_policy.ADDRESS_ERRORS))
def change_email(caller: Caller, body: NewAddress, client: Client) -> Accepted[Message]:
    """Email a link to the new address. The change takes effect when the link is confirmed at /api/auth/verify-email."""
    email_change.request(caller.session, new_email=body.new_email, password=body.password, client=client)
    return Accepted({"message": "Check the inbox of the new address to confirm it."})
