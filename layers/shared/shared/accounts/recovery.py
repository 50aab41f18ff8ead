"""Passwords that are forgotten, or to be replaced.

Threats (OWASP Forgot Password cheat sheet). Somebody asks for others' addresses to learn which have an account: the
request writes the same in every case, and what becomes of it is decided on delivery. Somebody floods a mailbox: one
such mail a minute. Somebody has an old link: a later one, a new password or a new address makes it useless. Somebody is
still signed in with the old password: a new one ends the sessions in the same transaction.
"""

from collections.abc import Callable
from typing import TypeAlias

from shared.accounts import lookup, sign_in
from shared.core.tables import optimistic, reuse_once, write
from shared.records import activity, credentials, limits, one_time_tokens, outbox, sessions, suppressions, users
from shared.records.credentials import Credential
from shared.records.one_time_tokens import OneTimeToken
from shared.records.sessions import Session
from shared.records.users import User
from shared.values import passwords
from shared.values.client import Client

_Account: TypeAlias = tuple[Credential, User]


def forgot_password(email: str, client: Client) -> None:
    """Ask for a link to choose a new password. The same writes, whatever becomes of it."""
    if limits.allow_email("recovery", email):
        write(outbox.sending("recovery", email))
    activity.log("user_recovery_requested", client, address=activity.digest(email))


def reset_password(token: str, password: str, client: Client) -> None:
    """Choose a password by the link that was mailed, after an invitation or because it was forgotten.

    Reading the mail proves the address, a suppressed one too, and ends the lock of the account. Nobody is signed in by
    it, and everybody who was is signed out.

    Raises:
        InvalidOneTimeToken: the link does not count, or not any more.
        InvalidInput: the password is refused; the link still counts.

    """
    presented = one_time_tokens.present(token, "reset-password", "accept-invitation")
    credential, user = lookup.of_token(presented)
    passwords.check(password, email=user.email, name=user.name)
    password_hash = passwords.hashed(password)
    _reset(presented, reuse_once((credential, user), lambda: lookup.of_token(presented)), password_hash, client)


@optimistic
def _reset(token: OneTimeToken, read: Callable[[], _Account], password_hash: str, client: Client) -> None:
    credential, user = read()
    proved = users.updated(user, email_verified=True, email_status="ok")
    is_news = (user.email_verified, user.email_status) != (proved.email_verified, proved.email_status)
    write(
        one_time_tokens.consuming(token),
        credentials.changing(credential, passwordHash=password_hash, verified=True),
        users.replacing(user, proved) if is_news else [],
        suppressions.lifting(user.email) if user.email_status != "ok" else [],
        sessions.ending_all(user.id),
        limits.unlocking(user.email),
        outbox.sending("password_changed", user.email),
        activity.recording("user_password_reset", user.id, client),
    )


def change_password(session: Session, *, current: str, new: str, client: Client) -> None:
    """Replace the password; the user's other sessions end.

    Raises:
        InvalidCredentials: the current password is wrong, or the account locked.
        InvalidInput: the new password is refused.

    """
    passwords.check(new, email=session.email, name=session.name, field="newPassword")
    account = sign_in.confirm_password(session, current, client)
    password_hash = passwords.hashed(new)
    _change(session, reuse_once(account, lambda: lookup.of_user(session.user_id)), password_hash, client)


@optimistic
def _change(session: Session, read: Callable[[], _Account], password_hash: str, client: Client) -> None:
    credential, user = read()
    write(
        credentials.changing(credential, passwordHash=password_hash),
        sessions.checking(session),
        sessions.ending_all(user.id, keep=session),
        limits.unlocking(session.email),
        outbox.sending("password_changed", user.email),
        activity.recording("user_password_changed", user.id, client),
    )
