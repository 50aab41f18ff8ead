"""/api/auth/change-password: replace the current password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import recovery
from shared.core.errors import InvalidCredentials, ReauthenticationRequired
from shared.values.client import Client
from shared.values.types import Password
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.inputs import Body
from shared.web.responses import Plain

if TYPE_CHECKING:
    from shared.shapes.sessions import Tokens

api = Api("/api/auth/change-password")
handler = api.handler


_EXAMPLE = {"currentPassword": "correct horse battery", "newPassword": "a rather different sentence"}


class Passwords(Body, example=_EXAMPLE):
    """The current and the new password. An account without a password has no current one, and must be fresh."""

    current_password: Password | None = None
    new_password: Password


@api.post(errors=(InvalidCredentials, ReauthenticationRequired))
def change_password(caller: Caller, body: Passwords, client: Client) -> Plain[Tokens]:
    """Set the password, end the caller's other sessions, and return new tokens for this one."""
    signed_in = recovery.change_password(
        caller.session, current=body.current_password, new=body.new_password, client=client
    )
    return Plain(signed_in.public())
