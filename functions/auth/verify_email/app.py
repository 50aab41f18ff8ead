"""/api/auth/verify-email: open an account, change its address or undo such a change, with an emailed link or code.

Only POST is accepted, so that an email scanner that opens every link confirms nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import confirmation, links, sign_up_policy
from shared.accounts.confirmation import Registrant
from shared.core.errors import EmailTaken, InvalidCredentials, InvalidInput, InvalidOneTimeToken, RegistrationRequired
from shared.records import limits
from shared.values.client import Client
from shared.values.types import Code, Email, Password, Secret
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Plain, Success

if TYPE_CHECKING:
    from shared.shapes.messages import Message
    from shared.shapes.sessions import Tokens

api = Api("/api/auth/verify-email")
handler = api.handler


class Proofs(Body, example={"email": "ada@example.com", "code": "000000", "registration": "A" * 44}):
    """The mailbox's proof: the link's token, or the address and its six-digit code; and the registrant's.

    The registrant's proof is the secret of the response to the registration, or else its password. Only a link that
    concerns an existing account needs none.
    """

    token: Secret | None = None
    email: Email | None = None
    code: Code | None = None
    registration: Secret = ""
    password: Password = ""


@api.post(
    limit=limits.SIGN_IN,
    errors=(InvalidOneTimeToken, RegistrationRequired, InvalidCredentials, EmailTaken, *sign_up_policy.ERRORS),
)
def verify_email(body: Proofs, client: Client) -> Plain[Tokens] | Success[Message]:
    """Open the registration's account and sign in, or prove, change or restore an account's address."""
    registrant = Registrant(body.registration, body.password)
    if body.token:
        signed_in = links.follow(body.token, registrant, client)
    elif body.email and body.code:
        signed_in = confirmation.open_with_code(body.email, body.code, registrant, client)
    else:
        raise InvalidInput("Provide a token, or an email and a code")
    if signed_in is None:
        return Success({"message": "Your address is confirmed."})
    return Plain(signed_in.public())
