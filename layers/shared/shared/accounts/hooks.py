"""Hooks: what a project adds to the rules of sign-up. Edit these functions; nothing else of the layer has to change."""

from shared.core.errors import ErrorTypes

# The errors that `before_registration` raises, for docs/openapi.json.
REGISTRATION_ERRORS: ErrorTypes = ()


def before_registration(address: str, *, is_change: bool) -> None:
    """Decide whether an address may register, after the parameters have allowed it.

    Runs before a registration is stored, and again before its account is opened, in every way to open one: inside the
    decision, which is repeated if stored data changes meanwhile. With `is_change`, an account changes its address to
    this one: before the email is requested, and before the change is written. It does not run for invitations.

    To refuse, raise a subclass of `Forbidden`. A request to sign in by email is then answered as usual, and opens no
    account.

    It must not depend on whether the address has an account, or the response would reveal it, and must not write
    anything: it may run several times, and what follows it may fail.
    """
