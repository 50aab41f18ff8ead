"""/api/health: the health of the API, for load balancers and monitors. No sign-in is required."""

from shared import __version__
from shared.records import keys
from shared.web.api import Api
from shared.web.responses import Response, data

# A hanging read takes 1.5 s, and is not repeated.
api = Api("/api/health", deadline=0.5)
handler = api.handler


@api.get
def health() -> Response:
    """Read from the database, and respond with 503 if that fails or takes 2 seconds."""
    keys.jwks()
    return data({"status": "ok", "version": __version__})
