"""Registration: creating an account and verifying its address."""

from shared.accounts import lookup
from shared.core.tables import optimistic, write
from shared.records import activity, credentials, limits, one_time_tokens, outbox, suppressions, users
from shared.records.one_time_tokens import OneTimeToken
from shared.values import passwords
from shared.values.client import Client


def register(*, name: str, email: str, password: str, client: Client) -> None:
    """Register an account. Only the email to the address reveals the outcome, never the response.

    A known address costs the same work as an unknown one: one count, one hash, two reads, one transaction of five
    items.

    While an address is unverified, a later registration replaces an earlier one and invalidates its links. If the first
    one won, an attacker could register someone's address in advance and wait for its owner to verify it with the
    attacker's password. Within one minute the first one does win, because an address receives one email per minute.

    Raises:
        InvalidInput: the password is rejected.

    """
    passwords.check(password, email=email, name=name)
    password_hash = passwords.hashed(password)
    if limits.allow_email("registration", email):
        _register(name, email, password_hash, client)


@optimistic
def _register(name: str, email: str, password_hash: str, client: Client) -> None:
    credential = credentials.find(email)
    suppressed = suppressions.reason_for(email)
    emailing = [*outbox.sending("registration", email), *suppressions.checking(email, suppressed)]
    if credential is None:
        user = users.new(name=name, email=email, role="user", email_status=suppressed)
        adding = credentials.adding(credentials.new(email=email, user_id=user.id, password_hash=password_hash))
        write(adding, users.adding(user), emailing, activity.recording("user_signedup", user.id, client))
    elif credential.verified or credential.is_invited:
        # An invited account may be an administrator's, so only the link in the invitation may set its password.
        checks = [*credentials.checking(credential), *users.checking(credential.user_id)]
        write(checks, emailing, activity.recording("user_signedup", credential.user_id, client, outcome="failure"))
    else:
        # Replace the address too: two spellings with the same key may be two mailboxes, and neither is verified yet.
        replacing = credentials.changing(credential, passwordHash=password_hash, address=email)
        profile = users.replacing_unverified(credential.user_id, name=name, email=email)
        write(replacing, profile, emailing, activity.recording("user_signedup", credential.user_id, client))


def resend_verification(email: str) -> None:
    """Request another verification email. Writes the same whether or not the address needs one."""
    if limits.allow_email("verification", email):
        write(outbox.sending("verification", email))


def verify_email_by_code(email: str, code: str, client: Client) -> None:
    """Verify an address with the six-digit code that was emailed to it.

    Raises:
        InvalidOneTimeToken: the code is invalid or expired, or the address has no account.

    """
    credential = credentials.find(email)
    user_id = users.NOBODY if credential is None else credential.user_id
    verify_email(one_time_tokens.present_code(user_id, code, "verify-email"), client)


@optimistic
def verify_email(token: OneTimeToken, client: Client) -> None:
    """Verify the address that a token was emailed to, and lift its suppression.

    Raises:
        InvalidOneTimeToken: the token is invalid or expired.

    """
    credential, user = lookup.of_token(token)
    # If the account is already verified, only the suppression changes: its version stays, and with it a sign-in in
    # progress and other links.
    verifying = (
        credentials.checking(credential) if credential.verified else credentials.changing(credential, verified=True)
    )
    write(
        one_time_tokens.consuming(token),
        verifying,
        users.replacing(user, users.updated(user, email_verified=True, email_status="ok")),
        suppressions.lifting(user.email) if user.email_status != "ok" else [],
        activity.recording("user_email_verified", user.id, client),
    )
