"""The client: the origin of a request."""

from typing import NamedTuple


class Client(NamedTuple):
    """The origin of a request. `ip` comes from the gateway, never from a header, which anyone can forge.

    `caller_id` is the id of the signed-in user, if any. An administrator may act on another user's account.
    """

    ip: str = ""
    user_agent: str = ""
    caller_id: str = ""
    request_id: str = ""
