"""The links in emails that are followed at the front end, where a button sends the token."""

from shared.accounts import confirmation, email_change
from shared.accounts.confirmation import Registrant
from shared.accounts.sign_in import SignedIn
from shared.core.tables import optimistic
from shared.records import one_time_tokens
from shared.values.client import Client


@optimistic
def follow(token: str, registrant: Registrant, client: Client) -> SignedIn | None:
    """Open an account, prove an address, change it, or undo a change, depending on the token's purpose.

    Return a session if an account was opened. A repeat of the request within a minute returns the same and changes
    nothing.

    Raises:
        InvalidOneTimeToken: the link is invalid, used, void or expired.
        EmailTaken, RegistrationRequired, InvalidCredentials: see `confirmation.open_with_link`.
        SignUpClosed, DomainNotAllowed: the sign-up policy has changed since. The link stays valid.

    """
    proof = f"{registrant.secret}\0{registrant.password}"
    presented = one_time_tokens.present(
        token, "open-account", "prove-address", "change-email", "undo-email-change", proof=proof
    )
    if presented.purpose == "open-account":
        return confirmation.open_with_link(presented, registrant, client)
    if not presented.is_repeat:
        match presented.purpose:
            case "change-email":
                email_change.confirm(presented, client)
            case "undo-email-change":
                email_change.undo(presented, client)
            case _:
                confirmation.prove_address(presented, client)
    return None
