"""/api/auth/login/email/verify: sign in with an emailed link or code.

Only POST is accepted, so that an email scanner that opens every link uses none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import email_sign_in, sign_up_policy
from shared.core.errors import EmailTaken, InvalidInput, InvalidOneTimeToken, MfaRequired, RegistrationRequired
from shared.records import limits
from shared.values.client import Client
from shared.values.types import Code, Secret
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Plain

if TYPE_CHECKING:
    from shared.shapes.sessions import Tokens

api = Api("/api/auth/login/email/verify")
handler = api.handler


class MailboxProof(Body, example={"request": "A" * 43, "code": "000000"}):
    """The link's token, and the secret of the request if the link is bound or opens an account; or request and code."""

    token: Secret | None = None
    request: Secret = ""
    code: Code | None = None


@api.post(
    limit=limits.SIGN_IN,
    errors=(InvalidOneTimeToken, RegistrationRequired, MfaRequired, EmailTaken, *sign_up_policy.ERRORS),
)
def verify_sign_in(body: MailboxProof, client: Client) -> Plain[Tokens]:
    """Start a session, and return its tokens. If the account has a factor, /api/auth/mfa does."""
    if body.token and body.code is None:
        signed_in = email_sign_in.with_link(body.token, body.request, client)
    elif body.request and body.code is not None and body.token is None:
        signed_in = email_sign_in.with_code(body.request, body.code, client)
    else:
        raise InvalidInput("Provide a token, or a request and its code")
    return Plain(signed_in.public())
