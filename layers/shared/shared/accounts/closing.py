"""Closing an account. `shared.accounts.removal` removes what it leaves behind."""

from functools import partial

from shared.accounts import lookup
from shared.core import clock
from shared.core.errors import EmailChangeUndoable
from shared.core.tables import optimistic, write
from shared.records import (
    activity,
    closures,
    credentials,
    factors,
    identities,
    outbox,
    registrations,
    sessions,
    tries,
    users,
)
from shared.values.client import Client
from shared.values.versions import ANY, Versions


@optimistic
def close(user_id: str, client: Client, versions: Versions = ANY) -> None:
    """Delete an account: profile, credentials, factors, identities, sessions and reserved addresses.

    Its addresses become free. A job removes the rest: see `shared.accounts.removal`. docs/personal-data.md says what
    stays, and for how long.

    Raises:
        UserNotFound: there is no such user.
        Stale: `versions` does not include the user's.
        EmailChangeUndoable: the user closes their own account, whose change of address can still be undone.
        LastAdmin: no active administrator would be left.

    """
    credential, user = lookup.of_user(user_id)
    versions.must_include(user.version)
    freeing = credentials.removing_reserved(credential)
    if freeing and client.caller_id == user_id:
        raise EmailChangeUndoable
    closed_at = clock.now()
    write(
        users.removing(user),
        credentials.removing(credential),
        freeing,
        factors.removing_all(factors.of_user(user.id)),
        identities.removing_all(credential),
        sessions.ending_all(user.id),
        closures.adding(
            user.id, user.email, closed_at, after_commit=partial(_clear_address, user.email, client, closed_at)
        ),
        [] if credential.invited else outbox.sending("account_closed", user.email),
    )
    activity.log("user_deleted", client, userId=user.id)


def _clear_address(email: str, client: Client, closed_at: int) -> None:
    """Clear what would hinder the address's next owner: the locks, and the registrations from before the closing.

    Of the locks, those of this client's network and of everyone. Those of other networks end by themselves.
    """
    tried = tries.at_password(email)
    tries.unlock(tries.of_network(tried, client.network))
    tries.unlock(tries.of_everyone(tried))
    registrations.remove_all(email, until=closed_at)
