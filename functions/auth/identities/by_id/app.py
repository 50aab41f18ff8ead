"""/api/auth/identities/{identityId}: one identity that the caller's account is linked to."""

from __future__ import annotations

from shared.accounts import identities
from shared.core.errors import IdentityNotFound, LastWayIn, TooManyRequests
from shared.values.client import Client
from shared.web.api import Api
from shared.web.caller import Fresh
from shared.web.responses import NoContent

api = Api("/api/auth/identities/{identityId}")
handler = api.handler


@api.delete(errors=(IdentityNotFound, LastWayIn, TooManyRequests))
def unlink_identity(identity_id: str, caller: Fresh, client: Client) -> NoContent:
    """Unlink the identity, and end all other sessions of the account."""
    identities.unlink(caller.session, identity_id, client)
    return NoContent()
