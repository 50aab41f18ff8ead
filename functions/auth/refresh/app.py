"""/api/auth/refresh: get new tokens for a session with its refresh token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import sign_in
from shared.core.errors import InvalidRefreshToken, RefreshTokenReused, SessionExpired
from shared.values.client import Client
from shared.values.types import RefreshToken
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Plain

if TYPE_CHECKING:
    from shared.shapes.sessions import Tokens

api = Api("/api/auth/refresh")
handler = api.handler


class CurrentToken(Body):
    """The session's current refresh token."""

    refresh_token: RefreshToken


@api.post(errors=(InvalidRefreshToken, SessionExpired, RefreshTokenReused))
def refresh(body: CurrentToken, client: Client) -> Plain[Tokens]:
    """Return new tokens. A retry after a lost response returns the same refresh token again."""
    return Plain(sign_in.refresh(body.refresh_token, client).public())
