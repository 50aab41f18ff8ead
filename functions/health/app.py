"""/api/health: the health of the API, for load balancers and monitors. No sign-in is required."""

from shared import __version__
from shared.records import keys
from shared.web.api import Api
from shared.web.responses import Response, data

api = Api("/api/health")
handler = api.handler


@api.get
def health() -> Response:
    """Read from the database, and respond with 503 if that fails."""
    keys.jwks()
    return data({"status": "ok", "version": __version__})
