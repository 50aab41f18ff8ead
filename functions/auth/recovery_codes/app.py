"""/api/auth/recovery-codes: codes that stand in for a lost factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import factors
from shared.core.errors import NoFactors, TooManyRequests
from shared.values.client import Client
from shared.web.api import Api
from shared.web.caller import Fresh
from shared.web.responses import Created

if TYPE_CHECKING:
    from shared.shapes.factors import NewRecoveryCodes

api = Api("/api/auth/recovery-codes")
handler = api.handler


@api.post(errors=(NoFactors, TooManyRequests))
def renew_recovery_codes(caller: Fresh, client: Client) -> Created[NewRecoveryCodes]:
    """Create ten recovery codes, which are shown once. Earlier ones are void."""
    return Created({"recoveryCodes": factors.renew_recovery_codes(caller.session, client)})
