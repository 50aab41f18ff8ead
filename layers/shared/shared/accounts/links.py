"""What a link does that was mailed to an address, once its reader has pressed the front end's button."""

from shared.accounts import email_change, registration
from shared.records import one_time_tokens
from shared.values.client import Client


def follow(token: str, client: Client) -> None:
    """Confirm an address, make it the account's, or undo that.

    Raises:
        InvalidOneTimeToken: the link does not count, or not any more.

    """
    presented = one_time_tokens.present(token, "verify-email", "change-email", "undo-email-change")
    match presented.purpose:
        case "change-email":
            email_change.confirm(presented, client)
        case "undo-email-change":
            email_change.undo(presented, client)
        case _:
            registration.verify_email(presented, client)
