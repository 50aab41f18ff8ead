"""/api/auth/reauthenticate: prove again who you are, before something that a stolen device or token must not do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import factor_proof, reauthentication
from shared.core.errors import (
    CodeAlreadyUsed,
    InvalidCredentials,
    InvalidInput,
    InvalidOneTimeToken,
    ReauthenticationRequired,
)
from shared.values.client import Client
from shared.values.passkeys import AssertionJson
from shared.values.types import Code, Password, RecoveryCode, Secret
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.inputs import Body
from shared.web.responses import Plain

if TYPE_CHECKING:
    from shared.shapes.sessions import Tokens

api = Api("/api/auth/reauthenticate")
handler = api.handler


class Proof(Body, example={"password": "correct horse battery"}):
    """One proof: the password or, for an account with a factor, a code of an app, a recovery code or a passkey.

    For an account that has neither: the code of an email, and the secret that /api/auth/login/email has returned.
    """

    password: Password | None = None
    code: Code | None = None
    recovery_code: RecoveryCode | None = None
    credential: AssertionJson | None = None
    request: Secret | None = None
    mail_code: Code | None = None


@api.post(errors=(InvalidCredentials, CodeAlreadyUsed, InvalidOneTimeToken, ReauthenticationRequired))
def reauthenticate(caller: Caller, body: Proof, client: Client) -> Plain[Tokens]:
    """Make the session fresh for ten minutes, and return its new tokens. Refresh tokens issued before are void."""
    proofs = (body.password, body.code, body.recovery_code, body.credential, body.mail_code)
    if sum(proof is not None for proof in proofs) != 1 or (body.request is None) != (body.mail_code is None):
        raise InvalidInput("Provide one of password, code, recoveryCode, credential, or request and mailCode")
    if body.request is not None and body.mail_code is not None:
        signed_in = reauthentication.with_email(caller.session, body.request, body.mail_code, client)
    elif body.password is not None:
        signed_in = reauthentication.with_password(caller.session, body.password, client)
    else:
        proof = factor_proof.one_of(code=body.code, recovery_code=body.recovery_code, credential=body.credential)
        signed_in = reauthentication.with_factor(caller.session, proof, client)
    return Plain(signed_in.public())
