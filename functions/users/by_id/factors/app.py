"""/api/users/{userId}/factors: the second factors of another account, for administrators."""

from __future__ import annotations

from shared.accounts import factors
from shared.core.errors import ReauthenticationRequired, UserNotFound
from shared.values.client import Client
from shared.web.api import Api
from shared.web.caller import Admin
from shared.web.responses import NoContent

api = Api("/api/users/{userId}/factors")
handler = api.handler


@api.delete(errors=(ReauthenticationRequired, UserNotFound))
def reset_factors(user_id: str, admin: Admin, client: Client) -> NoContent:
    """Remove all factors of a user who has lost them, and end their sessions. The user is notified."""
    admin.must_be_fresh()
    factors.reset(user_id, client)
    return NoContent()
