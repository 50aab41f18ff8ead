"""/api/auth/login/passkey/options: what a browser needs to sign in with a passkey."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import passkeys
from shared.web.api import Api
from shared.web.responses import Plain

if TYPE_CHECKING:
    from shared.shapes.passkeys import RequestOptions

api = Api("/api/auth/login/passkey/options")
handler = api.handler


@api.post
def request_options() -> Plain[RequestOptions]:
    """Return the options for `navigator.credentials.get()`, with a challenge that is valid once, for five minutes.

    They are for any proof with a passkey: here, at /api/auth/mfa and at /api/auth/reauthenticate.
    """
    return Plain(passkeys.request_options())
