"""/api/auth/providers: what a sign-in page offers besides password, passkey and email."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.records import providers
from shared.web.api import Api
from shared.web.responses import Data

if TYPE_CHECKING:
    from shared.shapes.identities import PublicProvider

api = Api("/api/auth/providers")
handler = api.handler


@api.get
def list_providers() -> Data[list[PublicProvider]]:
    """List the configured providers."""
    return Data([{"id": provider.id, "name": provider.name} for provider in providers.configured()])
