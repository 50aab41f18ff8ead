"""/.well-known/jwks.json: the public keys with which other services verify access tokens (RFC 7517)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.records import keys
from shared.web.api import Api
from shared.web.responses import Plain

if TYPE_CHECKING:
    from shared.shapes.keys import Jwks

api = Api("/.well-known/jwks.json")
handler = api.handler


@api.get
def jwks() -> Plain[Jwks]:
    """Return the valid keys. A replaced key stays until the last token signed with it has expired."""
    return Plain(keys.jwks(), {"Cache-Control": "public, max-age=300"})
