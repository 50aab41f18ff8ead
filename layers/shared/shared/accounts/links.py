"""The links in emails that are confirmed with one click at the front end."""

from shared.accounts import email_change, registration
from shared.records import one_time_tokens
from shared.values.client import Client


def follow(token: str, client: Client) -> None:
    """Verify an address, change the account's address, or undo such a change, depending on the token's purpose.

    Raises:
        InvalidOneTimeToken: the link is invalid or expired.

    """
    presented = one_time_tokens.present(token, "verify-email", "change-email", "undo-email-change")
    match presented.purpose:
        case "change-email":
            email_change.confirm(presented, client)
        case "undo-email-change":
            email_change.undo(presented, client)
        case _:
            registration.verify_email(presented, client)
