"""Registration: a new account, and the proof that its address is its owner's."""

from shared.accounts import lookup
from shared.core.tables import optimistic, write
from shared.records import activity, credentials, limits, one_time_tokens, outbox, suppressions, users
from shared.records.one_time_tokens import OneTimeToken
from shared.values import passwords
from shared.values.client import Client


def register(*, name: str, email: str, password: str, client: Client) -> None:
    """Ask for an account. Whoever reads the address is told what became of it; the caller never is.

    A known address costs the same work as an unknown one: one count, one hash, two reads, one transaction of five.
    While an address is unverified the latest registration counts and makes earlier links useless: with the first one
    counting, anybody could register another's address beforehand and wait for the owner to verify it with their
    password in it. Within a minute the first one does count, since the address gets one mail a minute.

    Raises:
        InvalidInput: the password is refused.

    """
    passwords.check(password, email=email, name=name)
    password_hash = passwords.hashed(password)
    if limits.allow_email("registration", email):
        _register(name, email, password_hash, client)


@optimistic
def _register(name: str, email: str, password_hash: str, client: Client) -> None:
    credential = credentials.find(email)
    suppressed = suppressions.reason_for(email)
    telling = [*outbox.sending("registration", email), *suppressions.checking(email, suppressed)]
    if credential is None:
        user = users.new(name=name, email=email, role="user", email_status=suppressed)
        opening = credentials.adding(credentials.new(email=email, user_id=user.id, password_hash=password_hash))
        write(opening, users.adding(user), telling, activity.recording("user_signedup", user.id, client))
    elif credential.verified or credential.is_invited:
        # An invited account may be an administrator's: no stranger's password must get in before its owner's.
        checks = [*credentials.checking(credential), *users.checking(credential.user_id)]
        write(checks, telling, activity.recording("user_signedup", credential.user_id, client, outcome="failure"))
    else:
        # The address too: spellings that are compared as one may be two mailboxes, and this one is yet to be proved.
        taking_over = credentials.changing(credential, passwordHash=password_hash, address=email)
        renaming = users.renaming(credential.user_id, name=name, email=email)
        write(taking_over, renaming, telling, activity.recording("user_signedup", credential.user_id, client))


def resend_verification(email: str) -> None:
    """Ask for another mail to confirm an address. The same writes, whatever becomes of it."""
    if limits.allow_email("verification", email):
        write(outbox.sending("verification", email))


def verify_email_by_code(email: str, code: str, client: Client) -> None:
    """Confirm an address by the six digits that were mailed to it.

    Raises:
        InvalidOneTimeToken: the code does not count, or not any more, or the address has no account.

    """
    credential = credentials.find(email)
    user_id = users.NOBODY if credential is None else credential.user_id
    verify_email(one_time_tokens.present_code(user_id, code, "verify-email"), client)


@optimistic
def verify_email(token: OneTimeToken, client: Client) -> None:
    """Confirm the address that a token was mailed to; of a suppressed one, that it takes mail again.

    Raises:
        InvalidOneTimeToken: it does not count any more.

    """
    credential, user = lookup.of_token(token)
    # A verified account only gets its mails back: whoever is just signing in, or has another link, is not disturbed.
    confirming = (
        credentials.checking(credential) if credential.verified else credentials.changing(credential, verified=True)
    )
    write(
        one_time_tokens.consuming(token),
        confirming,
        users.replacing(user, users.updated(user, email_verified=True, email_status="ok")),
        suppressions.lifting(user.email) if user.email_status != "ok" else [],
        activity.recording("user_email_verified", user.id, client),
    )
