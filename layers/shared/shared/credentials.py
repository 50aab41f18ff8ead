"""Credentials: which account an address belongs to, and the only place with a password hash.

The table's key is what makes an address unique. Two counters make races safe: `version` changes whenever an earlier
sign-in or one-time token must no longer count (password, address, role or status changed), and `sign_ins` whenever a
session starts. Whoever ends all sessions conditions its write on both, so none can slip in between.
"""

from dataclasses import dataclass

from boto3.dynamodb.conditions import Attr, ConditionBase

from shared import emails
from shared.errors import Error, Outdated
from shared.tables import Change, Check, Delete, Item, Put, Table, Update

CREDENTIALS = Table("credentials_table")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What signs a user in. `email` is the address's key, `address` what mail is sent to.

    `password_hash` is None until an invitation is accepted.
    """

    email: str
    address: str
    user_id: str
    password_hash: str | None
    verified: bool
    version: int
    sign_ins: int

    @property
    def is_invited(self) -> bool:
        """Say whether the owner has yet to set a password, by the link that was mailed."""
        return self.password_hash is None

    def item(self) -> Item:
        """Give what the table holds."""
        return {
            "email": self.email,
            "address": self.address,
            "userId": self.user_id,
            "passwordHash": self.password_hash,
            "verified": self.verified,
            "version": self.version,
            "signIns": self.sign_ins,
        }

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
    return Credential.from_item(item) if item is not None else None


# Changes, for `shared.accounts` and `shared.sign_in` to combine -----------------------------------


def adding(credential: Credential, *, otherwise: type[Error] = Outdated) -> Change:
    """Give the change that stores new credentials; `otherwise` is raised if the address has an account."""
    return Put(table=CREDENTIALS, item=credential.item(), when=Attr("email").not_exists(), otherwise=otherwise)


def changing(credential: Credential, **attributes: str | bool | None) -> Change:
    """Give the change that sets attributes, named as in the table, and outdates earlier sign-ins and tokens."""
    return Update(
        table=CREDENTIALS,
        key={"email": credential.email},
        set=attributes,
        add={"version": 1},
        when=unchanged(credential),
    )


def signing_in(credential: Credential) -> Change:
    """Give the change that goes with every new session."""
    return Update(
        table=CREDENTIALS,
        key={"email": credential.email},
        add={"signIns": 1},
        when=Attr("version").eq(credential.version),
    )


def checking(credential: Credential) -> Change:
    """Give the change that changes nothing, but insists on the version that was read."""
    return Check(table=CREDENTIALS, key={"email": credential.email}, when=Attr("version").eq(credential.version))


def removing(credential: Credential) -> Change:
    """Give the change that removes the credentials and frees the address."""
    return Delete(table=CREDENTIALS, key={"email": credential.email}, when=unchanged(credential))


def unchanged(credential: Credential) -> ConditionBase:
    """Give the condition that nothing has changed since they were read, not even by a sign-in."""
    return Attr("version").eq(credential.version) & Attr("signIns").eq(credential.sign_ins)
