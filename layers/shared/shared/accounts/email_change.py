"""Changing the email address of an account.

Threats. An attacker with the user's device or password tries to take over the account: the address changes only after
the new one is verified, and the old one receives a link that undoes the change for 72 hours, whatever else is changed
in that time. Until then the old address stays reserved for the user, and no other account can register it. An attacker
asks for other people's addresses to learn which have an account: the response is always the same, and only an email to
the address reveals more. Two users ask for the same address: its credentials go to the first to verify it, and at no
moment does the address have two owners or the account no address.
"""

from shared.accounts import lookup, sign_in
from shared.core.errors import FieldError, InvalidInput, InvalidOneTimeToken
from shared.core.tables import optimistic, write
from shared.records import activity, credentials, limits, one_time_tokens, outbox, sessions, suppressions, users
from shared.records.one_time_tokens import OneTimeToken
from shared.records.sessions import Session
from shared.values import emails
from shared.values.client import Client


def request(session: Session, *, new_email: str, password: str, client: Client) -> None:
    """Request another address for the signed-in user. Does the same work whether or not that address has an account.

    Raises:
        InvalidCredentials: the password is wrong, or the account is locked.
        InvalidInput: the user already has this address.

    """
    if emails.key(new_email) == emails.key(session.email):
        message = "is already your address"
        raise InvalidInput(f"newEmail: {message}", [FieldError("newEmail", message)])
    sign_in.confirm_password(session, password, client)
    allowed = limits.allow_email("email-change", new_email)
    write(
        limits.unlocking(session.email),
        outbox.sending("email_change", new_email, userId=session.user_id) if allowed else [],
        activity.recording("user_email_change_requested", session.user_id, client),
    )


@optimistic
def confirm(token: OneTimeToken, client: Client) -> None:
    """Move the account to the address that received the token, and notify the old address.

    Raises:
        InvalidOneTimeToken: the token is invalid or expired, or the address now belongs to another account.

    """
    credential, user = lookup.of_token(token)
    owner = credentials.find(token.target)
    if owner is not None and owner.user_id != user.id:
        raise InvalidOneTimeToken
    moved = users.updated(user, email=token.target, email_verified=True, email_status="ok")
    write(
        one_time_tokens.consuming(token),
        credentials.moving(credential, token.target),
        users.replacing(user, moved),
        suppressions.lifting(token.target),
        sessions.updating_all(moved),
        outbox.sending("email_changed", user.email, userId=user.id, version=str(credential.version)),
        activity.recording("user_email_changed", user.id, client),
    )


@optimistic
def undo(token: OneTimeToken, client: Client) -> None:
    """Restore the former address, end every session, remove the password, and email a link to choose a new one.

    Links that undo later changes are deleted, because the attacker received them at the address used in between. Links
    that undo earlier changes stay valid: otherwise the attacker could use such a link to invalidate the owner's.

    Raises:
        InvalidOneTimeToken: the token is invalid or expired, or the former address is no longer reserved.

    """
    user = users.find(token.user_id)
    if user is None:
        raise InvalidOneTimeToken
    credential = users.credential_of(user)
    if credential.email == emails.key(token.target):
        raise InvalidOneTimeToken
    moved = users.updated(user, email=token.target, email_status="ok")
    later = [other for other in one_time_tokens.of_user(user.id) if other.version > token.version]
    write(
        one_time_tokens.consuming(token),
        one_time_tokens.removing_all(later),
        credentials.moving_back(credential, token.target),
        users.replacing(user, moved),
        suppressions.lifting(token.target),
        sessions.ending_all(user.id),
        outbox.sending("recovery", token.target),
        activity.recording("user_email_change_undone", user.id, client),
    )
