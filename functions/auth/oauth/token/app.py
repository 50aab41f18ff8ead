"""/api/auth/oauth/token: the end of a sign-in with a provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import provider_sign_in
from shared.core.errors import (
    IdentityTaken,
    InvalidOneTimeToken,
    MfaRequired,
    ReauthenticationRequired,
    TooManyIdentities,
)
from shared.records import limits
from shared.values.client import Client
from shared.values.types import CodeVerifier, Secret
from shared.web.api import Api
from shared.web.caller import Visitor
from shared.web.inputs import Body
from shared.web.responses import Plain

if TYPE_CHECKING:
    from shared.shapes.sessions import Tokens

api = Api("/api/auth/oauth/token")
handler = api.handler


class CodeAndVerifier(Body):
    """The code of `/auth/callback`, or of an email that links an account, and the verifier of its flow.

    A code from an email needs no verifier in a fresh session of its account.
    """

    code: Secret
    code_verifier: CodeVerifier | None = None


@api.post(
    limit=limits.SIGN_IN,
    errors=(
        InvalidOneTimeToken,
        MfaRequired,
        ReauthenticationRequired,
        IdentityTaken,
        TooManyIdentities,
    ),
)
def redeem_code(body: CodeAndVerifier, visitor: Visitor, client: Client) -> Plain[Tokens]:
    """Start a session, and return its tokens. If the account has a factor, /api/auth/mfa does.

    With a code that links an identity, return the tokens of the session that has asked for it. In a session of an
    account that has neither a password nor a factor, signing in again is a fresh proof, and returns its new tokens.
    """
    return Plain(provider_sign_in.redeem(body.code, body.code_verifier or "", visitor.session, client).public())
