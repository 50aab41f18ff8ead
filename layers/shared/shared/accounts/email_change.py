"""Moving an account to another address.

Threats. Somebody with the user's device or password takes the account over: it moves only when the new address is
proved, and the old one gets a link that undoes it for 72 hours, whatever else is changed meanwhile. For that time the
old address stays the user's: nobody else can register it. Somebody asks for others' addresses to learn which have an
account: the answer is the same, and the mail tells their owner. Two people ask for one address: its key in the table
goes to the one who proves it first, and there is no moment at which it has two owners or the account none.
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
    """Ask to move the account of who is signed in. The same work, whether or not the new address has an account.

    Raises:
        InvalidCredentials: the password is wrong, or the account locked.
        InvalidInput: it is the user's address already.

    """
    if emails.key(new_email) == emails.key(session.email):
        message = "is your address already"
        raise InvalidInput(f"newEmail: {message}", [FieldError("newEmail", message)])
    sign_in.confirm_password(session, password, client)
    allow_email = limits.allow_email("email-change", new_email)
    telling = outbox.sending("email_change", new_email, userId=session.user_id) if allow_email else []
    forgetting = limits.unlocking(session.email)
    write(forgetting, telling, activity.recording("user_email_change_requested", session.user_id, client))


@optimistic
def confirm(token: OneTimeToken, client: Client) -> None:
    """Move the account to the address that the token was mailed to; the old one is told.

    Raises:
        InvalidOneTimeToken: the token does not count any more, or the address has become another's.

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
    """Move the account back, end every session, and mail a link to choose a new password, which it is without now.

    Links that undo later changes go with it: the thief, whose address it was in between, has those. Links that undo
    earlier ones stay, or the thief could use one of theirs to be rid of the owner's.

    Raises:
        InvalidOneTimeToken: the token does not count any more, or the address is kept no longer.

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
