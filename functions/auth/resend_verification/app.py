"""/api/auth/resend-verification: request another email to confirm an address. The response is always the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import registration
from shared.records import limits
from shared.values.client import Client
from shared.values.types import Email, Secret
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Accepted

if TYPE_CHECKING:
    from shared.shapes.messages import Message

api = Api("/api/auth/resend-verification")
handler = api.handler


class UnconfirmedAddress(Body):
    """The address to confirm, and the secret of the registration that the emailed code is for."""

    email: Email
    registration: Secret = ""


@api.post(limit=limits.RESEND_VERIFICATION)
def resend_verification(body: UnconfirmedAddress, client: Client) -> Accepted[Message]:
    """Email another link and code if the address needs to be confirmed. Earlier ones stay valid."""
    registration.resend(body.email, body.registration, client)
    return Accepted({"message": "If this address needs to be confirmed, you will receive an email."})
