"""/api/auth/logout: sign out here, everywhere else, or everywhere."""

from typing import Literal

from shared import sessions
from shared.caller import Caller
from shared.http import Api, Response, no_content
from shared.inputs import Body

api = Api("/api/auth/logout")
handler = api.handler


class Scope(Body):
    """Which of the caller's sessions are to end."""

    scope: Literal["local", "others", "global"] = "local"


@api.post
def logout(caller: Caller, form: Scope) -> Response:
    """End the sessions; their tokens are refused from the next call on."""
    match form.scope:
        case "local":
            sessions.end(caller.session)
        case "others":
            sessions.end_others(caller.session)
        case "global":
            sessions.end_all(caller.id)
    return no_content()
