"""User profiles: the entity, and how profiles are read.

Changes live in `shared.accounts`, since a profile never changes alone.
"""

import re
import secrets
import uuid
from collections.abc import Iterator
from heapq import merge
from itertools import islice
from math import ceil, sqrt
from operator import itemgetter
from typing import Any, Literal, NamedTuple, TypeAlias

from shared.core import clock
from shared.core.conditions import Attr, Condition, Key
from shared.core.errors import LastAdmin, Outdated, UserNotFound
from shared.core.tables import Change, Check, Delete, Item, Put, Table, Update, in_parallel
from shared.records import credentials
from shared.records.credentials import Credential

USERS = Table("users_table")
NEWEST = "Newest"
# The index of newest profiles is spread over this many partitions, each of which takes 1,000 writes a second.
_SHARDS = ("0", "1", "2", "3")
# An item among the profiles that is none: how many administrators can sign in. Not in the index, for want of a shard.
_ADMINS = {"id": "admins"}

# No user has this id. What is done with it takes as long as with a user's.
NOBODY = "00000000-0000-4000-8000-000000000000"

Role: TypeAlias = Literal["user", "admin"]
Status: TypeAlias = Literal["active", "disabled"]
EmailStatus: TypeAlias = Literal["ok", "bounced", "complained"]
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class User(NamedTuple):
    """A profile. `version` counts its changes; times are RFC 3339.

    `email_status` repeats what `shared.records.suppressions` holds for the address, or is `ok`. It stops emails, not
    sign-in.
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

    @property
    def can_administer(self) -> bool:
        """Say whether this is an administrator who can sign in."""
        return self.role == "admin" and self.status == "active" and self.email_verified

    @property
    def position(self) -> str:
        """Give the place in the listing: sorts by time, and is unlike any other's."""
        return f"{self.created_at}#{self.id}"

    def public(self) -> dict[str, Any]:
        """Give what callers may see."""
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
        }

    def item(self) -> Item:
        """Give what the table holds."""
        return {**self.public(), "version": self.version, "shard": self.shard, "position": self.position}

    @classmethod
    def from_item(cls, item: Item) -> "User":
        """Read what the table holds."""
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
        )


def new(
    *, name: str, email: str, role: Role, email_verified: bool = False, email_status: EmailStatus | None = None
) -> User:
    """Make a profile that is not stored yet."""
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
        shard=secrets.choice(_SHARDS),
    )


def updated(user: User, **changes: Any) -> User:  # any of the profile's fields
    """Give the profile with other values, as its next version."""
    return user._replace(**changes, version=user.version + 1, updated_at=clock.timestamp())


# Reading -------------------------------------------------------------------------------------------


def find(user_id: str) -> User | None:
    """Give the user with this id, if there is one. Takes any text; only a UUID is looked up."""
    item = USERS.get({"id": user_id}) if _ID.fullmatch(user_id) else None
    return User.from_item(item) if item is not None else None


def get(user_id: str) -> User:
    """Give the user with this id.

    Raises:
        UserNotFound: there is none.

    """
    user = find(user_id)
    if user is None:
        raise UserNotFound
    return user


# A profile and its credentials are written together but read one after the other; if only one of them is there,
# somebody has opened or closed the account in between.


def credential_of(user: User) -> Credential:
    """Give a user's credentials.

    Raises:
        Outdated: the account was closed or its address changed since the profile was read.

    """
    credential = credentials.find(user.email)
    if credential is None or credential.user_id != user.id:
        raise Outdated
    return credential


def of_credential(credential: Credential) -> User:
    """Give the profile that credentials belong to.

    Raises:
        Outdated: the account was closed since the credentials were read.

    """
    user = find(credential.user_id)
    if user is None:
        raise Outdated
    return user


def with_email(email: str) -> list[User]:
    """Give the user with this address, as people type it; none or one."""
    credential = credentials.find(email)
    user = find(credential.user_id) if credential is not None and not credential.is_reserved else None
    return [user] if user is not None else []


def newest(limit: int, *, before: str | None = None) -> tuple[list[User], str | None]:
    """Give a page of users, newest first, and the position after which the next page starts, if there is more.

    Each shard yields its newest in order, and is asked again only if the merge uses up what it was first asked for.
    """
    wanted = limit + 1
    shards = in_parallel(_newest_of(shard, _share(wanted), before) for shard in _SHARDS)
    users = [User.from_item(item) for item in islice(merge(*shards, key=itemgetter("position"), reverse=True), wanted)]
    page = users[:limit]
    return page, page[-1].position if len(users) > limit else None


def _newest_of(shard: str, page_size: int, before: str | None) -> Iterator[Item]:
    condition: Condition = Key("shard").eq(shard)
    if before is not None:
        condition &= Key("position").lt(before)
    return USERS.query(condition, index=NEWEST, page_size=page_size, newest_first=True)


def _share(wanted: int) -> int:
    """Give how many of the newest users to ask a shard for, so that one page in a hundred, at the most, asks again.

    Shards are drawn at random, so a shard's part is binomial: its mean, and three standard deviations.
    """
    mean = wanted / len(_SHARDS)
    return min(wanted, ceil(mean + 3 * sqrt(mean * (1 - 1 / len(_SHARDS)))))


# Changes, for `shared.accounts` to combine ---------------------------------------------------------


def adding(user: User) -> list[Change]:
    """Give the changes that store a new profile."""
    return [
        Put(table=USERS, item=user.item(), when=Attr("id").not_exists()),
        *_updating_admin_count(before=None, after=user),
    ]


def replacing(before: User, after: User) -> list[Change]:
    """Give the changes that turn one stored profile into the other, if it is still as it was read."""
    stored = before.item()
    changed = {name: value for name, value in after.item().items() if stored[name] != value}
    return [
        Update(table=USERS, key={"id": before.id}, set=changed, when=unchanged(before)),
        *_updating_admin_count(before=before, after=after),
    ]


def removing(user: User) -> list[Change]:
    """Give the changes that remove a profile, if it is still as it was read."""
    return [
        Delete(table=USERS, key={"id": user.id}, when=unchanged(user)),
        *_updating_admin_count(before=user, after=None),
    ]


def renaming(user_id: str, *, name: str, email: str) -> list[Change]:
    """Give the change that names a profile anew whose address is not verified yet, and spells the address anew."""
    return [
        Update(
            table=USERS,
            key={"id": user_id},
            set={"name": name, "email": email, "updatedAt": clock.timestamp()},
            add={"version": 1},
            when=Attr("emailVerified").eq(False),  # noqa: FBT003  # a value, not a switch
        )
    ]


def checking(user_id: str) -> list[Change]:
    """Give the change that changes nothing, but insists that there is such a profile."""
    return [Check(table=USERS, key={"id": user_id}, when=Attr("id").exists())]


def unchanged(user: User) -> Condition:
    """Give the condition that a profile is still as it was read."""
    return Attr("version").eq(user.version)


def _updating_admin_count(*, before: User | None, after: User | None) -> list[Change]:
    """Give the change to the number of administrators; that there is always one is its condition."""
    step = int(after is not None and after.can_administer) - int(before is not None and before.can_administer)
    if step == 0:
        return []
    when = Attr("count").gt(1) if step < 0 else None
    return [Update(table=USERS, key=_ADMINS, add={"count": step}, when=when, otherwise=LastAdmin)]
