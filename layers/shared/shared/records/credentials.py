"""Credentials: which account an address belongs to, and the only place with a password hash.

The table's key is what makes an address unique. Two counters make races safe: `version` changes whenever an earlier
sign-in or one-time token must no longer count (password, address, role or status changed), and `sign_ins` whenever a
session starts. Whoever ends all sessions conditions its write on both, so none can slip in between.
"""

from dataclasses import dataclass, replace

from shared.core import clock
from shared.core.conditions import Attr, Condition
from shared.core.errors import Error, InvalidOneTimeToken, Outdated
from shared.core.tables import Change, Check, Delete, Item, Put, Table, Update
from shared.values import emails

CREDENTIALS = Table("credentials_table")
UNDO_PERIOD = 72 * clock.HOUR
# One transaction closes an account and frees these; whatever was left before them frees itself.
_MOST_FORMER = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What signs a user in. `email` is the address's key, `address` what mail is sent to.

    `password_hash` is None until an invitation is accepted. `devices` are digests of the user agents that have signed
    in, `former` the keys of the addresses that the account has left last. With `reserved_until` (seconds since 1970) it
    is an address that was the user's and is kept, so that the change can be undone.
    """

    email: str
    address: str
    user_id: str
    password_hash: str | None
    verified: bool
    version: int
    sign_ins: int
    devices: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    reserved_until: int | None = None

    @property
    def is_invited(self) -> bool:
        """Say whether the owner has yet to set a password, by a link that is mailed."""
        return self.password_hash is None and not self.is_reserved

    @property
    def is_reserved(self) -> bool:
        """Say whether nobody can sign in with the address, and nobody have it but its former owner."""
        return self.reserved_until is not None

    def item(self) -> Item:
        """Give what the table holds."""
        item = {
            "email": self.email,
            "address": self.address,
            "userId": self.user_id,
            "passwordHash": self.password_hash,
            "verified": self.verified,
            "version": self.version,
            "signIns": self.sign_ins,
            "devices": list(self.devices),
            "former": list(self.former),
        }
        return item if self.reserved_until is None else {**item, "reservedUntil": self.reserved_until}

    @classmethod
    def from_item(cls, item: Item) -> "Credential":
        """Read what the table holds."""
        return cls(
            email=item["email"],
            address=item["address"],
            user_id=item["userId"],
            password_hash=item["passwordHash"],
            verified=item["verified"],
            version=item["version"],
            sign_ins=item["signIns"],
            devices=tuple(item["devices"]),
            former=tuple(item.get("former", ())),
            reserved_until=item.get("reservedUntil"),
        )


def new(*, email: str, user_id: str, password_hash: str | None, verified: bool = False) -> Credential:
    """Make credentials that are not stored yet, for an address as people type it."""
    return Credential(
        email=emails.key(email),
        address=email,
        user_id=user_id,
        password_hash=password_hash,
        verified=verified,
        version=1,
        sign_ins=0,
    )


def find(email: str) -> Credential | None:
    """Give the credentials for an address as people type it, if it has an account."""
    return by_key(emails.key(email))


def by_key(key: str) -> Credential | None:
    """Give the credentials with this key, if there are any."""
    item = CREDENTIALS.get({"email": key})
    # DynamoDB deletes late, so the time of a reservation is checked here.
    if item is None or item.get("reservedUntil", clock.now() + 1) <= clock.now():
        return None
    return Credential.from_item(item)


# Changes, for `shared.accounts` and `shared.accounts.sign_in` to combine -----------------------------------


def adding(credential: Credential, *, otherwise: type[Error] = Outdated) -> list[Change]:
    """Give the change that stores new credentials; `otherwise` is raised if the address has an account."""
    free = Attr("email").not_exists() | Attr("reservedUntil").lte(clock.now())
    return [Put(table=CREDENTIALS, item=credential.item(), when=free, otherwise=otherwise)]


def changing(credential: Credential, **attributes: str | bool | None) -> list[Change]:
    """Give the change that sets attributes, named as in the table, and outdates earlier sign-ins and tokens."""
    return [
        Update(
            table=CREDENTIALS,
            key={"email": credential.email},
            set=attributes,
            add={"version": 1},
            when=unchanged(credential),
        )
    ]


def moving(credential: Credential, email: str) -> list[Change]:
    """Give the changes that make another address, as people type it, the one that signs in, and keep the old one."""
    key = emails.key(email)
    former = tuple(other for other in (credential.email, *credential.former) if other != key)[:_MOST_FORMER]
    moved = replace(credential, email=key, address=email, version=credential.version + 1, former=former)
    # Of the new version too, or whoever has read the address before would find nothing changed, and write to it.
    kept = replace(credential, password_hash=None, version=moved.version, reserved_until=clock.now() + UNDO_PERIOD)
    own = Attr("reservedUntil").exists() & Attr("userId").eq(credential.user_id)
    free = Attr("email").not_exists() | Attr("reservedUntil").lte(clock.now()) | own
    return [
        Put(table=CREDENTIALS, item=moved.item(), when=free),
        Put(table=CREDENTIALS, item=kept.item(), when=unchanged(credential)),
    ]


def moving_back(credential: Credential, email: str) -> list[Change]:
    """Give the changes that make a kept address the one that signs in again, without a password."""
    back = replace(
        credential,
        email=emails.key(email),
        address=email,
        password_hash=None,
        version=credential.version + 1,
        devices=(),
        former=tuple(other for other in credential.former if other != emails.key(email)),
    )
    own = Attr("reservedUntil").gt(clock.now()) & Attr("userId").eq(credential.user_id)
    return [Put(table=CREDENTIALS, item=back.item(), when=own, otherwise=InvalidOneTimeToken), *removing(credential)]


def signing_in(credential: Credential, **attributes: str | list[str]) -> list[Change]:
    """Give the change that goes with every new session; `attributes`, named as in the table, are set by the way."""
    return [
        Update(
            table=CREDENTIALS,
            key={"email": credential.email},
            set=attributes,
            add={"signIns": 1},
            when=Attr("version").eq(credential.version),
        )
    ]


def checking(credential: Credential) -> list[Change]:
    """Give the change that changes nothing, but insists on the version that was read."""
    return [Check(table=CREDENTIALS, key={"email": credential.email}, when=Attr("version").eq(credential.version))]


def checking_unused(key: str) -> list[Change]:
    """Give the change that changes nothing, but insists that no profile has the address with this key."""
    return [
        Check(table=CREDENTIALS, key={"email": key}, when=Attr("email").not_exists() | Attr("reservedUntil").exists())
    ]


def removing(credential: Credential) -> list[Change]:
    """Give the change that removes the credentials and frees the address."""
    return [Delete(table=CREDENTIALS, key={"email": credential.email}, when=unchanged(credential))]


def removing_kept(credential: Credential) -> list[Change]:
    """Return the changes that free the addresses that are kept for the owner of these credentials."""
    found = [kept for kept in map(by_key, credential.former) if kept is not None]
    own = [kept for kept in found if kept.is_reserved and kept.user_id == credential.user_id]
    return [change for kept in own for change in removing(kept)]


def unchanged(credential: Credential) -> Condition:
    """Give the condition that nothing has changed since they were read, not even by a sign-in."""
    return Attr("version").eq(credential.version) & Attr("signIns").eq(credential.sign_ins)
