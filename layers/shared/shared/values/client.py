"""The client: where a request comes from."""

from typing import NamedTuple


class Client(NamedTuple):
    """Where a request comes from. The address is the gateway's, never a header's, which anybody can write.

    `caller_id` is the id of the signed-in user, if there is one; it may be an administrator who acts on another's
    account.
    """

    ip: str = ""
    user_agent: str = ""
    caller_id: str = ""
    request_id: str = ""
