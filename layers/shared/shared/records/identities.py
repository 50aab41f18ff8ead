"""Identities: what an account is linked to at providers such as Google, each one issuer and subject.

An identity is never an address: addresses change hands, at the provider and here (OpenID Connect Core, 5.7). Its key is
a digest of issuer and subject, so it belongs to one account at most. `Credential.identities` lists those of an account.
Both change in one transaction.
"""

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from shared.core import clock
from shared.core.conditions import Attr
from shared.core.errors import IdentityNotFound, IdentityTaken
from shared.core.tables import Change, Delete, Item, Put, Table, Update
from shared.records.credentials import Credential

if TYPE_CHECKING:
    from shared.shapes.identities import PublicIdentity

IDENTITIES = Table("identities_table")
# How many an account may have. Together with its sessions, their removal has to fit in one transaction.
MAX_IDENTITIES = 8


class Identity(NamedTuple):
    """A linked identity. `email` is the address at the provider when it was linked. Times are seconds since 1970."""

    issuer: str
    subject: str
    provider: str
    user_id: str
    email: str
    created_at: int
    last_used_at: int

    @property
    def id(self) -> str:
        """The id, which follows from issuer and subject."""
        return id_of(self.issuer, self.subject)

    def public(self) -> "PublicIdentity":
        """Return the fields that the user may see."""
        return {
            "id": self.id,
            "provider": self.provider,
            "email": self.email,
            "createdAt": clock.rfc3339(self.created_at),
            "lastUsedAt": clock.rfc3339(self.last_used_at),
        }


def id_of(issuer: str, subject: str) -> str:
    """Return the id of an identity: 64 hex digits. The length of the issuer keeps apart what is equal when joined."""
    return hashlib.sha256(f"{len(issuer)}\n{issuer}\n{subject}".encode()).hexdigest()


def find(identity_id: str) -> Identity | None:
    """Return the identity with this id, or None if no account is linked to it."""
    item = IDENTITIES.get({"identity": identity_id})
    return None if item is None else _from_item(item)


def of_credential(credential: Credential) -> list[Identity]:
    """Return the identities of an account, oldest first. One read each."""
    found = [identity for identity in map(find, credential.identities) if identity is not None]
    return sorted(found, key=lambda identity: identity.created_at)


# Changes -------------------------------------------------------------------------------------------


def adding(identity: Identity) -> list[Change]:
    """Return the changes that link an identity. They fail with `IdentityTaken` if an account is linked to it."""
    free = Attr("identity").not_exists()
    return [Put(table=IDENTITIES, item=_item(identity), when=free, otherwise=IdentityTaken)]


def using(identity: Identity) -> list[Change]:
    """Return the changes that record a use of the identity, once a day: each write costs."""
    if identity.last_used_at + clock.DAY > clock.now():
        return []
    linked = Attr("userId").eq(identity.user_id)
    return [
        Update(table=IDENTITIES, key={"identity": identity.id}, set={"lastUsedAt": clock.now()}, when=linked),
    ]


def removing(identity_id: str, user_id: str) -> list[Change]:
    """Return the changes that unlink an identity. They fail with `IdentityNotFound` if it is not this user's."""
    own = Attr("userId").eq(user_id)
    return [Delete(table=IDENTITIES, key={"identity": identity_id}, when=own, otherwise=IdentityNotFound)]


def removing_all(credential: Credential) -> list[Change]:
    """Return the changes that unlink all identities of an account."""
    return [Delete(table=IDENTITIES, key={"identity": identity_id}) for identity_id in credential.identities]


def _item(identity: Identity) -> Item:
    return {
        "identity": identity.id,
        "issuer": identity.issuer,
        "subject": identity.subject,
        "provider": identity.provider,
        "userId": identity.user_id,
        "email": identity.email,
        "createdAt": identity.created_at,
        "lastUsedAt": identity.last_used_at,
    }


def _from_item(item: Item) -> Identity:
    return Identity(
        issuer=item["issuer"],
        subject=item["subject"],
        provider=item["provider"],
        user_id=item["userId"],
        email=item["email"],
        created_at=item["createdAt"],
        last_used_at=item["lastUsedAt"],
    )
