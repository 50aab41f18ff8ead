"""/api/auth/passkeys: register a passkey. /api/auth/factors lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import passkeys
from shared.core.errors import InvalidPasskey, PasskeyTaken, TooManyFactors, TooManyRequests
from shared.values.client import Client
from shared.values.passkeys import RegistrationJson
from shared.values.types import Name
from shared.web.api import Api
from shared.web.caller import Fresh
from shared.web.inputs import Body
from shared.web.responses import Created

if TYPE_CHECKING:
    from shared.shapes.factors import Confirmed
    from shared.shapes.passkeys import RegisteredPasskey

api = Api("/api/auth/passkeys")
handler = api.handler


class NewPasskey(Body):
    """What `navigator.credentials.create()` has returned, as its `toJSON()` gives it, and a name.

    Without a name, the passkey gets that of its authenticator, if it is well known.
    """

    credential: RegistrationJson
    name: Name | None = None


@api.post(errors=(InvalidPasskey, PasskeyTaken, TooManyFactors, TooManyRequests))
def register_passkey(caller: Fresh, body: NewPasskey, client: Client) -> Created[RegisteredPasskey]:
    """Store the passkey. The first factor of the account brings ten recovery codes, which are shown once."""
    passkey, codes = passkeys.register(caller.session, body.credential, body.name, client)
    confirmed: Confirmed = {} if codes is None else {"recoveryCodes": codes}
    return Created({**passkey.public(), **confirmed}, location=f"/api/auth/factors/{passkey.id}")
