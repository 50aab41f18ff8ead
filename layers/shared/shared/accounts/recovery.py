"""Forgotten passwords, and changing a known one.

Threats (OWASP Forgot Password cheat sheet). An attacker asks for other people's addresses to learn which have an
account: every request writes the same, and whether to send an email is decided on delivery. An attacker floods a
mailbox: the limits of emails bound it. An attacker requests emails to void the owner's link: a later link voids no
earlier one. An attacker has an old link: a new password or a new address voids it. An attacker is still signed in with
the old password: a new one ends the sessions in the same transaction.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from shared.accounts import assurance, lookup, password_proof, sign_in
from shared.accounts.sign_in import SignedIn
from shared.core.errors import FieldError, InvalidInput
from shared.core.tables import optimistic, reuse_once, write
from shared.records import (
    activity,
    credentials,
    identities,
    limits,
    one_time_tokens,
    outbox,
    sessions,
    suppressions,
    tries,
    users,
)
from shared.records.credentials import Credential
from shared.records.one_time_tokens import OneTimeToken
from shared.records.sessions import Session
from shared.records.users import User
from shared.values import passwords
from shared.values.client import Client

_SignedInAccount: TypeAlias = tuple[Session, Credential, User]
_Presented: TypeAlias = tuple[OneTimeToken, Credential, User]


def forgot_password(email: str, client: Client) -> None:
    """Request a link to choose a new password. Writes the same whether or not the address has an account."""
    allowed = limits.allow_email("recovery", email)
    write(outbox.sending_if(allowed, "recovery", email, network=client.network))
    activity.log("user_recovery_requested", client, address=activity.digest(email))


def reset_password(token: str, password: str, client: Client) -> None:
    """Set a password with an emailed link, to accept an invitation or to replace a forgotten one.

    Following the link verifies the address, lifts its suppression and unlocks the account for this client. It ends
    every session, starts none, and forgets all devices and all networks but the client's. A repeat of the request
    within a minute changes nothing.

    Raises:
        InvalidOneTimeToken: the link is invalid or expired.
        InvalidInput: the password is rejected; the link stays valid.

    """
    found = _present(token, password)
    if found is None:
        return
    _, _, user = found
    passwords.check(password, email=user.email, name=user.name)
    _reset(reuse_once(found, lambda: _present(token, password)), passwords.hashed(password), client)


def _present(token: str, password: str) -> _Presented | None:
    """Return the token and its account, or None if the request is a repeat."""
    presented = one_time_tokens.present(token, "reset-password", "accept-invitation", proof=password)
    return None if presented.is_repeat else (presented, *lookup.of_token(presented))


@optimistic
def _reset(read: Callable[[], _Presented | None], password_hash: str, client: Client) -> None:
    found = read()
    if found is None:
        return
    token, credential, user = found
    verified = users.updated(user, email_verified=True, email_status="ok")
    is_changed = (user.email_verified, user.email_status) != (verified.email_verified, verified.email_status)
    tries.unlock(tries.of_network(tries.at_password(user.email), client.network))
    write(
        one_time_tokens.consuming(token),
        credentials.changing(
            credential,
            passwordHash=password_hash,
            invited=False,
            **credentials.forgotten_clients(client.network),
            **credentials.first_proof(credential),
        ),
        [] if credential.is_proved else identities.removing_all(credential),
        users.replacing(user, verified) if is_changed else [],
        suppressions.lifting(user.email) if user.email_status != "ok" else [],
        sessions.ending_all(user.id),
        outbox.sending("password_changed", user.email),
        activity.recording("user_password_reset", user.id, client),
    )


def change_password(session: Session, *, current: str | None, new: str, client: Client) -> SignedIn:
    """Replace the password, end the user's other sessions, and continue this one with a new key and new tokens.

    Without the `current` one, a fresh session sets the first password of an account that has none.

    Raises:
        InvalidCredentials: the current password is wrong, or the account is locked.
        InvalidInput: the new password is rejected, or the current one is missing.
        ReauthenticationRequired: the account has no password, and the session is not fresh.
        SessionEnded: the session has been ended in the meantime.
        Unavailable: there is no signing key yet.

    """
    passwords.check(new, email=session.email, name=session.name, field="newPassword")
    if current is None:
        read_account = partial(_without_password, session)
        account = read_account()
    else:
        read_account = partial(lookup.of_session, session)
        account = password_proof.in_session(session, current, client)
    password_hash = passwords.hashed(new)

    def read_again() -> _SignedInAccount:
        return sessions.get(session.user_id, session.id), *read_account()

    return _change(reuse_once((session, *account), read_again), password_hash, client)


def _without_password(session: Session) -> tuple[Credential, User]:
    """Return the account of a fresh session, which must have no password."""
    credential, user = lookup.of_session(session)
    if credential.password_hash is not None:
        raise InvalidInput("Invalid fields", [FieldError("currentPassword", "is required")])
    assurance.require_fresh(session, credential)
    return credential, user


@optimistic
def _change(read: Callable[[], _SignedInAccount], password_hash: str, client: Client) -> SignedIn:
    session, credential, user = read()
    signed_in = sign_in.renew(session, client, proved="password")
    write(
        credentials.changing(credential, passwordHash=password_hash),
        sessions.replacing(session, signed_in.session),
        sessions.ending_all(user.id, keep=session),
        outbox.sending("password_changed", user.email),
        activity.recording("user_password_changed", user.id, client),
    )
    return signed_in
