"""/api/auth/passkeys/options: what a browser needs to create a passkey."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import passkeys
from shared.core.errors import TooManyFactors
from shared.web.api import Api
from shared.web.caller import Fresh
from shared.web.responses import Plain

if TYPE_CHECKING:
    from shared.shapes.passkeys import CreationOptions

api = Api("/api/auth/passkeys/options")
handler = api.handler


@api.post(errors=(TooManyFactors,))
def creation_options(caller: Fresh) -> Plain[CreationOptions]:
    """Return the options for `navigator.credentials.create()`, with a challenge for this session, for five minutes."""
    return Plain(passkeys.creation_options(caller.session))
