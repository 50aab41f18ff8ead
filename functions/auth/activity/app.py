"""/api/auth/activity: the events of the caller's account in the last 90 days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.records import activity
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.pages import Paging, page
from shared.web.responses import Page

if TYPE_CHECKING:
    from shared.shapes.activity import PublicEntry

api = Api("/api/auth/activity")
handler = api.handler


@api.get
def list_activity(caller: Caller, paging: Paging) -> Page[PublicEntry]:
    """Return a page of events, newest first."""
    entries, position = activity.newest(caller.id, paging.limit, before=paging.position(api, caller.session))
    return page(api, [entry.public() for entry in entries], paging, position, caller.session)
