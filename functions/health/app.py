"""/api/health: whether the API can do its work. For load balancers and monitors; anyone may ask."""

from shared import __version__
from shared.records import keys
from shared.web.api import Api
from shared.web.responses import Response, data

api = Api("/api/health")
handler = api.handler


@api.get
def health() -> Response:
    """Read from the database; where it does not answer, the answer is 503 like everywhere."""
    keys.jwks()
    return data({"status": "ok", "version": __version__})
