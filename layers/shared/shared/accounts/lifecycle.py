"""Accounts: everything that changes a profile together with its credentials, sessions, tokens or mail.

Each function reads, decides and writes once. `optimistic` has it start again when, on writing, something it had read
turns out to have changed; so there is nothing to lock, and a crash at any point leaves the state of before or after.
"""

from collections.abc import Mapping
from typing import Any

from shared.accounts import lookup
from shared.core.errors import EmailTaken
from shared.core.tables import Change, optimistic, write
from shared.records import activity, credentials, limits, one_time_tokens, outbox, sessions, suppressions, users
from shared.records.credentials import Credential
from shared.records.idempotency import Once
from shared.records.users import Role, User
from shared.values import passwords
from shared.values.client import Client
from shared.values.versions import Versions


@optimistic
def invite(*, name: str, email: str, role: Role, once: Once, client: Client) -> dict[str, Any]:
    """Open an account for somebody else, who is mailed a link to set a password; give what callers may see of it.

    Raises:
        EmailTaken: the address has an account.
        IdempotencyKeyReused: the request's key came before, with another request.

    """
    answer = once.replay()
    if answer is not None:
        return answer
    suppressed = suppressions.reason_for(email)
    user = users.new(name=name, email=email, role=role, email_status=suppressed)
    opening = credentials.new(email=email, user_id=user.id, password_hash=None)
    write(
        once.storing(user.public()),
        credentials.adding(opening, otherwise=EmailTaken),
        users.adding(user),
        suppressions.checking(email, suppressed),
        outbox.sending("invitation", email),
        activity.recording("user_invited", user.id, client),
    )
    return user.public()


@optimistic
def ensure_admin(email: str, password: str) -> None:
    """Make sure that this address belongs to an administrator who can sign in with this password.

    For whoever operates the API, to have a first administrator: no endpoint comes here. The password is not checked.
    """
    credential = credentials.find(email)
    if credential is None:
        suppressed = suppressions.reason_for(email)
        user = users.new(name="Administrator", email=email, role="admin", email_verified=True, email_status=suppressed)
        password_hash = passwords.hashed(password)
        opening = credentials.new(email=email, user_id=user.id, password_hash=password_hash, verified=True)
        write(credentials.adding(opening), users.adding(user), suppressions.checking(email, suppressed))
        return
    user = users.of_credential(credential)
    if user.can_administer and passwords.verify(password, credential.password_hash):
        return
    write(
        credentials.changing(credential, verified=True, passwordHash=passwords.hashed(password)),
        users.replacing(user, users.updated(user, role="admin", status="active", email_verified=True)),
        sessions.ending_all(user.id),
    )


@optimistic
def change(user_id: str, changes: Mapping[str, str], *, versions: Versions, client: Client) -> User:
    """Change a profile's `name`, `role` or `status`; give it as it is then.

    A new role counts for the user's sessions from the next call on, and `disabled` ends them, in the same transaction.

    Raises:
        UserNotFound: there is no such user.
        Stale: the profile's version is not one of those given.
        LastAdmin: nobody could administer the accounts any more.

    """
    user = users.get(user_id)
    versions.must_include(user.version)
    after = users.updated(user, **changes)
    if (after.name, after.role, after.status) == (user.name, user.role, user.status):
        return user
    if (after.role, after.status) == (user.role, user.status):
        consequences = sessions.updating_all(after)
    else:
        consequences = _new_authority(users.credential_of(user), after)
    write(users.replacing(user, after), consequences, activity.recording("user_modified", user.id, client))
    return after


def _new_authority(credential: Credential, after: User) -> list[Change]:
    if after.role == "admin" and not credential.verified and not credential.is_invited:
        # Whoever registered this address has not proved to own it. Only a password set from the mail may be an
        # administrator's, so the registration becomes an invitation; of a disabled account too, as it may be enabled
        # later. It has no sessions: nobody signs in before the address is verified.
        return [*credentials.changing(credential, passwordHash=None), *outbox.sending("invitation", after.email)]
    if after.status == "disabled":
        return [*credentials.changing(credential), *sessions.ending_all(after.id)]
    return [*credentials.changing(credential), *sessions.updating_all(after)]


@optimistic
def close(user_id: str, client: Client) -> None:
    """Remove an account: profile, credentials, sessions, tokens, kept addresses. The addresses are free again.

    One that mails bounce from stays suppressed: it still does so, whoever has it.

    Raises:
        UserNotFound: there is no such user.
        LastAdmin: nobody could administer the accounts any more.

    """
    credential, user = lookup.of_user(user_id)
    write(
        users.removing(user),
        credentials.removing(credential),
        credentials.removing_reserved(credential),
        sessions.ending_all(user.id),
        one_time_tokens.removing_all(one_time_tokens.of_user(user.id)),
        limits.unlocking(user.email),
    )
    activity.log("user_deleted", client, userId=user.id)
