"""/api/auth/export: everything that the caller's account owns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import export
from shared.core.errors import TooManyRequests
from shared.values.client import Client
from shared.web.api import Api
from shared.web.caller import Fresh
from shared.web.responses import SeeOther, Serialized

if TYPE_CHECKING:
    from shared.shapes.exports import AccountExport

# An account may own thousands of rows. The timeout is 29 s.
api = Api("/api/auth/export", deadline=20)
handler = api.handler


@api.get(errors=(TooManyRequests,))
def export_account(caller: Fresh, client: Client) -> Serialized[AccountExport] | SeeOther:
    """Return everything that the account owns. Once an hour, if the session is fresh.

    If it is over 5 MB, `Location` is the URL of a file with the same JSON, valid for 60 seconds: a browser that follows
    it gets the file. Submitted forms belong to no account, and are not included.
    """
    exported = export.of_account(caller.session, client)
    return SeeOther(exported.url) if exported.url else Serialized(exported.text)
