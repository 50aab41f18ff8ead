"""/.well-known/openid-configuration: where other services find what they need to verify access tokens.

OpenID Connect Discovery 1.0, 3 and 4. Only the issuer and its keys: people sign in with the API itself, so there is no
authorization endpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.core.config import settings
from shared.core.errors import NoIssuer
from shared.web.api import Api
from shared.web.responses import Plain

if TYPE_CHECKING:
    from shared.shapes.keys import OpenidConfiguration

api = Api("/.well-known/openid-configuration")
handler = api.handler


@api.get(errors=(NoIssuer,))
def openid_configuration() -> Plain[OpenidConfiguration]:
    """Return the discovery document. 404 until access tokens have a URL as their issuer (parameter TokenIssuer)."""
    issuer = settings().token_issuer
    if "://" not in issuer:
        raise NoIssuer
    configuration: OpenidConfiguration = {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }
    return Plain(configuration, {"Cache-Control": "public, max-age=300"})
