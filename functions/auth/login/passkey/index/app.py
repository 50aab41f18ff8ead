"""/api/auth/login/passkey: sign in with a passkey, without an email address or a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import passkeys
from shared.core.errors import InvalidCredentials
from shared.records import limits
from shared.values.client import Client
from shared.values.passkeys import AssertionJson
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Plain

if TYPE_CHECKING:
    from shared.shapes.sessions import Tokens

api = Api("/api/auth/login/passkey")
handler = api.handler


class Assertion(Body):
    """What `navigator.credentials.get()` has returned, as its `toJSON()` gives it."""

    credential: AssertionJson


@api.post(limit=limits.SIGN_IN, errors=(InvalidCredentials,))
def login_with_passkey(body: Assertion, client: Client) -> Plain[Tokens]:
    """Start a session of the passkey's account, and return its tokens. A passkey needs no second step."""
    return Plain(passkeys.start_session(body.credential, client).public())
