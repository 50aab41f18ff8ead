"""/api/auth/activity: what happened to the caller's account in the last 90 days."""

from shared import activity
from shared.caller import Caller
from shared.http import Api, Response
from shared.pages import Page, listing

api = Api("/api/auth/activity")
handler = api.handler


@api.get
def read(caller: Caller, page: Page) -> Response:
    """Give a page of events, newest first."""
    entries, position = activity.newest(caller.id, page.limit, before=page.position(api, caller.session))
    return listing(api, [entry.public() for entry in entries], page, position, caller.session)
