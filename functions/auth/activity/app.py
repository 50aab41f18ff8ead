"""/api/auth/activity: the events of the caller's account in the last 90 days."""

from shared.records import activity
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.pages import Page, listing
from shared.web.responses import Response

api = Api("/api/auth/activity")
handler = api.handler


@api.get
def read(caller: Caller, page: Page) -> Response:
    """Return a page of events, newest first."""
    entries, position = activity.newest(caller.id, page.limit, before=page.position(api, caller.session))
    return listing(api, [entry.public() for entry in entries], page, position, caller.session)
