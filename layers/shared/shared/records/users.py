"""User profiles: the entity, how it is read, and its changes.

A profile never changes alone: the use cases in `shared.accounts` commit these changes together with others.
"""

import re
import secrets
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.core import clock
from shared.core.conditions import Attr, Condition, Key
from shared.core.errors import LastAdmin, Outdated, UserNotFound
from shared.core.tables import Change, Delete, Item, Put, Table, Update
from shared.records import credentials, shards
from shared.records.credentials import Credential
from shared.records.shards import Order
from shared.values import declared, emails
from shared.values.choices import EmailStatus, Role, Status
from shared.values.details import Details

if TYPE_CHECKING:
    from shared.shapes.users import PublicUser

USERS = Table("users_table")
_NEWEST = Order("position", "Newest")
# The key of an item that is not a profile: the number of administrators who can sign in. Without a shard, it is not in
# the index.
_ADMINS = {"id": "admins"}

# No user has this id. Reads and writes with it take as long as with a user's id.
NOBODY = "00000000-0000-4000-8000-000000000000"

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class User(NamedTuple):
    """A profile. `version` grows with each change. Times are RFC 3339. `details` has the fields that we have added.

    `email_status` is a copy of the reason in `shared.records.suppressions`, or `ok`. It stops emails, not sign-in.
    """

    id: str
    name: str
    email: str
    role: Role
    status: Status
    email_verified: bool
    email_status: EmailStatus
    created_at: str
    updated_at: str
    version: int
    shard: str
    details: Details

    @property
    def can_administer(self) -> bool:
        """Whether the user is an administrator who can sign in."""
        return self.role == "admin" and self.status == "active" and self.email_verified

    @property
    def position(self) -> str:
        """The position in the listing: unique, and sorts by time."""
        return f"{self.created_at}#{self.id}"

    def public(self) -> "PublicUser":
        """Return the fields that callers may see."""
        return {
            "id": self.id,
            "name": self.name,
            "email": self.email,
            "role": self.role,
            "status": self.status,
            "emailVerified": self.email_verified,
            "emailStatus": self.email_status,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            **self.details,
        }

    def item(self) -> Item:
        """Return the item to store."""
        return {**self.public(), "version": self.version, "shard": self.shard, "position": self.position}

    @classmethod
    def from_item(cls, item: Item) -> "User":
        """Create a profile from a stored item."""
        return cls(
            id=item["id"],
            name=item["name"],
            email=item["email"],
            role=item["role"],
            status=item["status"],
            email_verified=item["emailVerified"],
            email_status=item["emailStatus"],
            created_at=item["createdAt"],
            updated_at=item["updatedAt"],
            version=item["version"],
            shard=item["shard"],
            details=declared.details(item),
        )


def new(  # noqa: PLR0913  # the fields of a profile
    *,
    name: str,
    email: str,
    role: Role,
    email_verified: bool = False,
    email_status: EmailStatus | None = None,
    details: Details | None = None,
) -> User:
    """Create a profile without storing it."""
    moment = clock.timestamp()
    return User(
        id=str(uuid.uuid4()),
        name=name,
        email=email,
        role=role,
        status="active",
        email_verified=email_verified,
        email_status=email_status or "ok",
        created_at=moment,
        updated_at=moment,
        version=1,
        shard=secrets.choice(shards.ALL),
        details=details if details is not None else declared.details({}),
    )


def updated(user: User, **changes: Any) -> User:
    """Return the next version of the profile, with these fields changed: those of `User` or of its `details`.

    Raises:
        ValueError: there is no such field.

    """
    details = declared.details({**user.details, **changes})
    own = {name: value for name, value in changes.items() if name not in details}
    return user._replace(**own, details=details, version=user.version + 1, updated_at=clock.timestamp())


def differences(before: User, after: User) -> list[dict[str, str]]:
    """Return each field whose value differs as `field` and, for role and status, `from` and `to`.

    Other values are personal data, which does not belong in a log.
    """
    old, new = before.item(), after.item()
    return [
        {"field": name, "from": old[name], "to": new[name]} if name in {"role", "status"} else {"field": name}
        for name in new
        if new[name] != old[name] and name not in {"version", "updatedAt"}
    ]


# Reading -------------------------------------------------------------------------------------------


def find(user_id: str) -> User | None:
    """Return the user with this id, or None. Any text is accepted, but only a UUID is looked up."""
    item = USERS.get({"id": user_id}) if _ID.fullmatch(user_id) else None
    return User.from_item(item) if item is not None else None


def get(user_id: str) -> User:
    """Return the user with this id.

    Raises:
        UserNotFound: there is no such user.

    """
    user = find(user_id)
    if user is None:
        raise UserNotFound
    return user


# A profile and its credentials are written together but read one after the other. If they do not belong together, the
# account was opened, closed or moved to another address in between.


def credential_of(user: User) -> Credential:
    """Return a user's credentials.

    Raises:
        Outdated: the account was closed or its address changed since the profile was read.

    """
    credential = credentials.find(user.email)
    if credential is None or credential.user_id != user.id:
        raise Outdated
    return credential


def of_credential(credential: Credential) -> User:
    """Return the profile that credentials belong to.

    Raises:
        Outdated: the account was closed or its address changed since the credentials were read.

    """
    user = find(credential.user_id)
    if user is None or emails.key(user.email) != credential.email:
        raise Outdated
    return user


def with_email(email: str) -> list[User]:
    """Return the user with this address, as typed: a list of none or one."""
    credential = credentials.find(email)
    user = find(credential.user_id) if credential is not None and not credential.is_reserved else None
    return [user] if user is not None else []


def newest(limit: int, *, before: str | None = None) -> tuple[list[User], str | None]:
    """Return a page of users, newest first, and the position after which the next page starts, or None."""
    every_shard = [Key("shard").eq(shard) for shard in shards.ALL]
    found, position = shards.page(USERS, every_shard, limit, after=before, order=_NEWEST)
    return list(map(User.from_item, found)), position


# Changes -------------------------------------------------------------------------------------------


def adding(user: User) -> list[Change]:
    """Return the changes that store a new profile."""
    return [
        Put(table=USERS, item=user.item(), when=Attr("id").not_exists()),
        *_updating_admin_count(before=None, after=user),
    ]


def replacing(before: User, after: User) -> list[Change]:
    """Return the changes that replace a stored profile. They require that it is unchanged since it was read."""
    stored = before.item()
    changed = {name: value for name, value in after.item().items() if stored[name] != value}
    return [
        Update(table=USERS, key={"id": before.id}, set=changed, when=_unchanged(before)),
        *_updating_admin_count(before=before, after=after),
    ]


def removing(user: User) -> list[Change]:
    """Return the changes that delete a profile. They require that it is unchanged since it was read."""
    return [
        Delete(table=USERS, key={"id": user.id}, when=_unchanged(user)),
        *_updating_admin_count(before=user, after=None),
    ]


def _unchanged(user: User) -> Condition:
    """Return the condition that a profile is unchanged since it was read."""
    return Attr("version").eq(user.version)


def _updating_admin_count(*, before: User | None, after: User | None) -> list[Change]:
    """Return the changes to the number of administrators. They require that at least one remains."""
    step = int(after is not None and after.can_administer) - int(before is not None and before.can_administer)
    if step == 0:
        return []
    when = Attr("count").gt(1) if step < 0 else None
    return [Update(table=USERS, key=_ADMINS, add={"count": step}, when=when, otherwise=LastAdmin)]
