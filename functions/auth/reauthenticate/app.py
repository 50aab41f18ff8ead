"""/api/auth/reauthenticate: prove again who you are, before something that a stolen device or token must not do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import sign_in
from shared.core.errors import InvalidCredentials
from shared.values.client import Client
from shared.values.types import Password
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.inputs import Body
from shared.web.responses import Plain

if TYPE_CHECKING:
    from shared.shapes.sessions import Tokens

api = Api("/api/auth/reauthenticate")
handler = api.handler


class Proof(Body):
    """The password of the account."""

    password: Password


@api.post(errors=(InvalidCredentials,))
def reauthenticate(caller: Caller, body: Proof, client: Client) -> Plain[Tokens]:
    """Make the session fresh for ten minutes, and return its new tokens. Refresh tokens issued before are void."""
    return Plain(sign_in.reauthenticate(caller.session, body.password, client).public())
