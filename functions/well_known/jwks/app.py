"""/.well-known/jwks.json: the public keys that verify access tokens, for other services (RFC 7517)."""

from shared.records import keys
from shared.web.api import Api
from shared.web.responses import Response

api = Api("/.well-known/jwks.json")
handler = api.handler


@api.get
def read() -> Response:
    """The keys that count now. A replaced one stays until the last token it signed has expired."""
    return Response(keys.jwks(), headers={"Cache-Control": "public, max-age=300"})
