"""The identities of an account: listing and unlinking them. `shared.accounts.provider_accounts` links them.

Threats. An attacker with a stolen session links an identity of their own, or unlinks the owner's: both need a fresh
session, the owner is notified, and the undo of a change of address unlinks what was linked lately. An attacker stays
signed in with an identity that the owner unlinks: that ends all other sessions. An attacker has opened the account with
an identity whose address is not theirs any more, or never was: the first proof of the mailbox to us unlinks it.
"""

from dataclasses import replace

from shared.accounts import assurance, lookup
from shared.core.errors import IdentityNotFound
from shared.core.tables import Change, optimistic, write
from shared.records import activity, credentials, identities, limits, outbox, providers, sessions
from shared.records.credentials import Credential
from shared.records.identities import Identity
from shared.records.sessions import Session
from shared.values.client import Client


def of_session(session: Session) -> list[Identity]:
    """Return the identities of a session's account, oldest first.

    Raises:
        SessionEnded: the account has just been closed.

    """
    return identities.of_credential(lookup.credential_of(session))


@optimistic
def unlink(session: Session, identity_id: str, client: Client) -> None:
    """Unlink an identity, and end all other sessions of the account.

    Raises:
        IdentityNotFound: the account is not linked to it.
        LastWayIn: without it, the account could be reached by email only.
        TooManyRequests: see `limits.count_factor_change`.
        SessionEnded: the account has just been closed.

    """
    credential, user = lookup.of_session(session)
    if identity_id not in credential.identities:
        raise IdentityNotFound
    left = {each: provider for each, provider in credential.identities.items() if each != identity_id}
    assurance.require_way_in(replace(credential, identities=left))
    limits.count_factor_change(user.id)
    write(
        credentials.changing(credential, identities=left),
        identities.removing(identity_id, user.id),
        sessions.ending_all(user.id, keep=session),
        outbox.sending("identity_unlinked", user.email, provider=providers.name_of(credential.identities[identity_id])),
        activity.recording("identity_unlinked", user.id, client),
    )


def removing_unproved(credential: Credential, *, keep: Session | None = None) -> list[Change]:
    """Return the changes that follow from the first proof of an account's mailbox to us; none if it was proved before.

    A provider has said whose the address is, and may have been wrong: all identities go, and all sessions except the
    one to `keep`. `credentials.first_proof` has the attributes that go with them.
    """
    if credential.is_proved:
        return []
    return [*identities.removing_all(credential), *sessions.ending_all(credential.user_id, keep=keep)]
