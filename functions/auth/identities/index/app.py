"""/api/auth/identities: the identities at providers that the caller's account is linked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import identities, provider_flow
from shared.core.errors import NoIssuer, ProviderNotFound
from shared.records import limits
from shared.values.types import CodeChallenge, FrontEndPath, Secret
from shared.web.api import Api
from shared.web.caller import Caller, Fresh
from shared.web.inputs import Body
from shared.web.responses import Data, Plain

if TYPE_CHECKING:
    from shared.shapes.identities import Departure, PublicIdentity

api = Api("/api/auth/identities", mostly="GET")
handler = api.handler


class Link(
    Body,
    example={"provider": "google", "next": "/account", "codeChallenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"},
):
    """The provider, and what the front end needs when the browser returns, as at /api/auth/oauth/{provider}."""

    provider: Secret
    code_challenge: CodeChallenge
    next: FrontEndPath = "/"


@api.get
def list_identities(caller: Caller) -> Data[list[PublicIdentity]]:
    """List the linked identities, oldest first."""
    return Data([identity.public() for identity in identities.of_session(caller.session)])


@api.post(limit=limits.PROVIDERS, errors=(ProviderNotFound, NoIssuer))
def begin_link(caller: Fresh, body: Link) -> Plain[Departure]:
    """Return where the browser goes to link an identity. Only this session can redeem the code at the end."""
    url = provider_flow.begin_link(
        caller.session, body.provider, code_challenge=body.code_challenge, next_path=body.next
    )
    return Plain({"url": url})
