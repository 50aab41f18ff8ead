"""/api/auth/mfa: the second step of a sign-in, after `mfa_required`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import factor_proof, second_step
from shared.core.errors import CodeAlreadyUsed, InvalidCredentials, InvalidMfaToken
from shared.records import limits
from shared.values.client import Client
from shared.values.passkeys import AssertionJson
from shared.values.types import Code, RecoveryCode, Secret
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Plain

if TYPE_CHECKING:
    from shared.shapes.sessions import Tokens

api = Api("/api/auth/mfa")
handler = api.handler


class SecondStep(Body, example={"token": "A" * 120, "code": "123456"}):
    """The token of the first step, and one proof: the code of an authenticator app, a recovery code or a passkey.

    `device` is that of the latest sign-in with this client. It is not needed if the first step had it.
    """

    token: Secret
    code: Code | None = None
    recovery_code: RecoveryCode | None = None
    credential: AssertionJson | None = None
    device: Secret = ""


@api.post(limit=limits.SIGN_IN, errors=(InvalidMfaToken, InvalidCredentials, CodeAlreadyUsed))
def complete_sign_in(body: SecondStep, client: Client) -> Plain[Tokens]:
    """Start the session that the first step has asked for, and return its tokens."""
    proof = factor_proof.one_of(code=body.code, recovery_code=body.recovery_code, credential=body.credential)
    return Plain(second_step.complete(body.token, proof, body.device, client).public())
