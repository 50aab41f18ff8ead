"""/.well-known/jwks.json: the public keys with which other services verify access tokens (RFC 7517)."""

from shared.records import keys
from shared.web.api import Api
from shared.web.responses import Response

api = Api("/.well-known/jwks.json")
handler = api.handler


@api.get
def read() -> Response:
    """Return the valid keys. A replaced key stays until the last token signed with it has expired."""
    return Response(keys.jwks(), headers={"Cache-Control": "public, max-age=300"})
