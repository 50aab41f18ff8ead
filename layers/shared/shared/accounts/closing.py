"""Closing an account, and removing what it leaves behind."""

from shared.accounts import lookup
from shared.core.errors import EmailChangeUndoable
from shared.core.tables import optimistic, write
from shared.records import activity, closures, credentials, outbox, password_tries, registrations, sessions, users
from shared.records.closures import Closure
from shared.values.client import Client


@optimistic
def close(user_id: str, client: Client) -> None:
    """Delete an account: profile, credentials, sessions and reserved addresses. Its addresses become available.

    A job removes the rest: see `remove_remains`. docs/personal-data.md says what stays, and for how long.

    Raises:
        UserNotFound: there is no such user.
        EmailChangeUndoable: the user closes their own account, whose change of address can still be undone.
        LastAdmin: no active administrator would be left.

    """
    credential, user = lookup.of_user(user_id)
    freeing = credentials.removing_reserved(credential)
    if freeing and client.caller_id == user_id:
        raise EmailChangeUndoable
    # Whoever gets the address next does not start out locked, and with no registrations of others.
    password_tries.unlock(password_tries.of_network(user.email, client.network))
    password_tries.unlock(password_tries.of_everyone(user.email))
    registrations.remove_all(user.email)
    write(
        users.removing(user),
        credentials.removing(credential),
        freeing,
        sessions.ending_all(user.id),
        closures.adding(user.id),
        [] if credential.invited else outbox.sending("account_closed", user.email),
    )
    activity.log("user_deleted", client, userId=user.id)


def remove_remains(closure: Closure) -> None:
    """Remove what a closed account has left: its activity. It may run again, and is repeated until it is complete."""
    is_last = not closure.may_have_calls
    activity.remove_all(closure.user_id)
    if is_last:
        write(closures.removing(closure))
