"""/api/health: the health of the API, for load balancers and monitors. No sign-in is required."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared import __version__
from shared.records import keys
from shared.web.api import Api
from shared.web.responses import Data

# A hanging read takes 1.5 s, and is not repeated.

if TYPE_CHECKING:
    from shared.shapes.health import Health

api = Api("/api/health", deadline=0.5)
handler = api.handler


@api.get
def health() -> Data[Health]:
    """Read from the database, and respond with 503 if that fails or takes 2 seconds."""
    keys.jwks()
    return Data({"status": "ok", "version": __version__})
