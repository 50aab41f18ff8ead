"""The life of an account: inviting its user and changing its profile. `shared.accounts.closing` ends it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from shared.core.errors import EmailTaken
from shared.core.tables import Change, optimistic, write
from shared.records import activity, credentials, factors, identities, outbox, sessions, suppressions, users
from shared.records.credentials import Credential
from shared.records.idempotency import Once
from shared.records.users import User
from shared.values import passwords
from shared.values.choices import Role
from shared.values.client import Client
from shared.values.details import Details
from shared.values.versions import Versions

if TYPE_CHECKING:
    from shared.shapes.users import PublicUser

# The caller in entries about what operators do with AWS credentials. No user has this id.
_OPERATOR = Client(caller_id="operator")


@optimistic
def invite(  # noqa: PLR0913  # the fields of a profile
    *, name: str, email: str, role: Role, details: Details, once: Once, client: Client
) -> "PublicUser":
    """Create an account for another person, email them a link to set a password, and return the public profile.

    Raises:
        EmailTaken: the address already has an account.
        IdempotencyKeyReused: the key was used for a different request.

    """
    response: PublicUser | None = once.replay()
    if response is not None:
        return response
    suppressed = suppressions.reason_for(email)
    user = users.new(name=name, email=email, role=role, email_status=suppressed, details=details)
    credential = credentials.new(email=email, user_id=user.id, password_hash=None, invited=True)
    write(
        once.storing(user.public()),
        credentials.adding(credential, otherwise=EmailTaken),
        users.adding(user),
        suppressions.checking(email, suppressed),
        outbox.sending("invitation", email),
        activity.recording("user_invited", user.id, client),
    )
    return user.public()


@optimistic
def ensure_admin(email: str, password: str) -> None:
    """Ensure that this address belongs to an administrator who can sign in with this password.

    Operators use it to create the first administrator, or to let one in who has lost password or factors: it removes
    the factors, and unlinks all identities. No endpoint calls it. The password's strength is not checked.

    Raises:
        EmailTaken: the address is reserved for its former owner.

    """
    credential = credentials.find(email)
    if credential is None:
        suppressed = suppressions.reason_for(email)
        user = users.new(name="Administrator", email=email, role="admin", email_verified=True, email_status=suppressed)
        password_hash = passwords.hashed(password)
        credential = credentials.new(email=email, user_id=user.id, password_hash=password_hash)
        write(credentials.adding(credential), users.adding(user), suppressions.checking(email, suppressed))
        return
    if credential.is_reserved:
        raise EmailTaken
    user = users.of_credential(credential)
    if user.can_administer and passwords.verify(password, credential.password_hash) and not credential.factors:
        return
    after = users.updated(user, role="admin", status="active", email_verified=True)
    differences = users.differences(user, after)
    write(
        credentials.changing(
            credential, invited=False, passwordHash=passwords.hashed(password), factors={}, identities={}
        ),
        identities.removing_all(credential),
        factors.removing_all(factors.of_user(user.id)) if credential.factors else [],
        users.replacing(user, after),
        sessions.ending_all(user.id),
        _reporting_access(credential, user, after),
        outbox.sending("factors_reset", user.email) if credential.factors else [],
        activity.recording("factors_reset", user.id, _OPERATOR) if credential.factors else [],
        activity.recording("user_modified", user.id, _OPERATOR, changes=differences) if differences else [],
    )


@optimistic
def change(
    user_id: str,
    changes: Mapping[str, Any],
    *,
    versions: Versions,
    client: Client,
    proving: Callable[[], None] | None = None,
) -> User:
    """Change fields of a profile, `name`, `role`, `status` or those of `Details`, and return the new profile.

    `proving` is called before the role or status changes, and raises the error of a caller who must prove more.

    The user's sessions change in the same transaction: they show a new name, a new role applies from their next
    request, and `disabled` ends them. The user is told about a new role or status.

    Raises:
        UserNotFound: there is no such user.
        Stale: the profile's version is not among `versions`.
        LastAdmin: no active administrator would be left.

    """
    user = users.get(user_id)
    versions.must_include(user.version)
    after = users.updated(user, **changes)
    differences = users.differences(user, after)
    if not differences:
        return user
    if (after.role, after.status) == (user.role, user.status):
        access = sessions.updating_all(after) if after.name != user.name else []
    else:
        if proving is not None:
            proving()
        credential = users.credential_of(user)
        access = [*_changing_access(credential, after), *_reporting_access(credential, user, after)]
    write(
        users.replacing(user, after),
        access,
        activity.recording("user_modified", user.id, client, changes=differences),
    )
    return after


def _reporting_access(credential: Credential, before: User, after: User) -> list[Change]:
    """Return the changes that tell the user about a new role or status. Nobody is told before they use the account."""
    if credential.invited:
        return []
    changes = []
    if after.role != before.role:
        changes += outbox.sending("role_changed", after.email, before=before.role, after=after.role)
    if after.status != before.status:
        changes += outbox.sending("account_disabled" if after.status == "disabled" else "account_enabled", after.email)
    return changes


def _changing_access(credential: Credential, after: User) -> list[Change]:
    """Return the changes to credentials and sessions that a new role or status requires."""
    if after.status == "disabled":
        return [*credentials.changing(credential), *sessions.ending_all(after.id)]
    return [*credentials.changing(credential), *sessions.updating_all(after)]
