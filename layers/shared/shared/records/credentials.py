"""Credentials: which account an email address belongs to, and its password hash.

The table's key makes each address unique. Two counters prevent races: `version` changes whenever earlier one-time
tokens and sign-ins in progress must fail (new password, address, role, status or factors), and `sign_ins` whenever a
session starts. A write that ends all sessions is conditional on both, so no session can start in between. A third one,
`email_sign_ins`, voids links and codes for signing in, and no others: it changes whenever one of them is used.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shared.core import clock
from shared.core.conditions import Attr, Condition
from shared.core.errors import Error, InvalidOneTimeToken, Outdated
from shared.core.tables import Change, Check, Delete, Item, Put, Table, Update
from shared.values import emails
from shared.values.choices import FactorType

CREDENTIALS = Table("credentials_table")
UNDO_PERIOD = 72 * clock.HOUR
# More than the limits of emails allow within the time in which a change can be undone, so that an attacker who changes
# the address again and again cannot make us forget the first one.
_MAX_FORMER = 20


@dataclass(kw_only=True, eq=False, repr=False)
class Credential:
    """What a user signs in with. `email` is the key of the address; emails are sent to `address`.

    `invited` is True until an invitation is accepted. `password_hash` is None until then, and after a change of address
    was undone, or always if a sign-up by email opened the account. `signed_up` is True if a registration or a sign-up
    with this address opened it. `email_change` identifies the latest request to change the address. `factors` are the
    types of the confirmed factors, by id; the rest is in `shared.records.factors`. `identities` are the providers of
    the linked identities, by id; the rest is in `shared.records.identities`. `is_proved` is False as long as only a
    provider has said that the mailbox is the user's. `devices` are digests of the user agents
    that have signed in, `networks` the last three networks, and `device_key` seals device tokens and first steps.
    `former` are the keys of former addresses to which a link can take the account back, latest first. If
    `reserved_until` (seconds since 1970) is set, this is such a former address, reserved for its user so that the
    change of address can be undone.
    """

    email: str
    address: str
    user_id: str
    password_hash: str | None
    version: int
    sign_ins: int
    email_sign_ins: int = 0
    invited: bool = False
    signed_up: bool = False
    email_change: str = ""
    factors: Mapping[str, FactorType] = field(default_factory=dict)
    identities: Mapping[str, str] = field(default_factory=dict)
    is_proved: bool = True
    device_key: bytes
    devices: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    reserved_until: int | None = None

    @property
    def is_reserved(self) -> bool:
        """Whether the address is on hold: no sign-in is possible, and only its former owner may reclaim it."""
        return self.reserved_until is not None

    def seal(self, purpose: str, content: bytes) -> bytes:
        """Return 32 bytes that authenticate the content for this purpose: an HMAC-SHA-256 with the account's key."""
        message = f"{purpose}\x00{self.user_id}\x00".encode() + content
        return hmac.digest(self.device_key, message, hashlib.sha256)

    def item(self) -> Item:
        """Return the item to store."""
        item = {
            "email": self.email,
            "address": self.address,
            "userId": self.user_id,
            "passwordHash": self.password_hash,
            "version": self.version,
            "signIns": self.sign_ins,
            "emailSignIns": self.email_sign_ins,
            "invited": self.invited,
            "signedUp": self.signed_up,
            "emailChange": self.email_change,
            "factors": dict(self.factors),
            "identities": dict(self.identities),
            "proved": self.is_proved,
            "devices": list(self.devices),
            "networks": list(self.networks),
            "deviceKey": self.device_key,
            "former": list(self.former),
        }
        return item if self.reserved_until is None else {**item, "reservedUntil": self.reserved_until}

    @classmethod
    def from_item(cls, item: Item) -> "Credential":
        """Create credentials from a stored item."""
        return cls(
            email=item["email"],
            address=item["address"],
            user_id=item["userId"],
            password_hash=item["passwordHash"],
            version=item["version"],
            sign_ins=item["signIns"],
            email_sign_ins=item["emailSignIns"],
            invited=item["invited"],
            signed_up=item["signedUp"],
            email_change=item["emailChange"],
            factors=item["factors"],
            identities=item["identities"],
            is_proved=item["proved"],
            devices=tuple(item["devices"]),
            networks=tuple(item["networks"]),
            device_key=item["deviceKey"],
            former=tuple(item.get("former", ())),
            reserved_until=item.get("reservedUntil"),
        )


def new(*, email: str, user_id: str, password_hash: str | None, **facts: Any) -> Credential:
    """Create credentials for an address as typed, without storing them. `facts` are further fields of `Credential`."""
    return Credential(
        email=emails.key(email),
        address=email,
        user_id=user_id,
        password_hash=password_hash,
        version=1,
        sign_ins=0,
        device_key=_new_key(),
        **facts,
    )


def find(email: str) -> Credential | None:
    """Return the credentials for an address as typed, or None."""
    return by_key(emails.key(email))


def by_key(key: str) -> Credential | None:
    """Return the credentials with this key, or None."""
    item = CREDENTIALS.get({"email": key})
    # DynamoDB deletes expired items late, so the end of a reservation is checked here.
    if item is None or item.get("reservedUntil", clock.now() + 1) <= clock.now():
        return None
    return Credential.from_item(item)


# Changes -------------------------------------------------------------------------------------------


def adding(credential: Credential, *, otherwise: type[Error] = Outdated) -> list[Change]:
    """Return the changes that store new credentials. They fail with `otherwise` if the address is taken or reserved."""
    free = Attr("email").not_exists() | Attr("reservedUntil").lte(clock.now())
    return [Put(table=CREDENTIALS, item=credential.item(), when=free, otherwise=otherwise)]


def changing(
    credential: Credential, **attributes: str | bool | bytes | list[str] | Mapping[str, str] | None
) -> list[Change]:
    """Return the changes that set `attributes`, named as in the table, and invalidate earlier tokens."""
    return [
        Update(
            table=CREDENTIALS,
            key={"email": credential.email},
            set=attributes,
            add={"version": 1},
            when=_unchanged(credential),
        )
    ]


def requesting_change(credential: Credential, request: str) -> list[Change]:
    """Return the changes that record a request to change the address. Links of earlier requests are void at once."""
    unchanged = Attr("version").eq(credential.version)
    return [
        Update(table=CREDENTIALS, key={"email": credential.email}, set={"emailChange": request}, when=unchanged),
    ]


def moving(credential: Credential, email: str) -> list[Change]:
    """Return the changes that move the account to another address, as typed, and reserve the old one."""
    key = emails.key(email)
    former = tuple(other for other in (credential.email, *credential.former) if other != key)[:_MAX_FORMER]
    version = credential.version + 1
    moved = replace(
        credential,
        email=key,
        address=email,
        version=version,
        signed_up=False,
        former=former,
        email_change="",
        is_proved=True,
    )
    # The reserved address gets the new version too. Otherwise a request that has read it before would find it unchanged
    # and write to it.
    reserved = replace(credential, password_hash=None, version=moved.version, reserved_until=clock.now() + UNDO_PERIOD)
    own = Attr("reservedUntil").exists() & Attr("userId").eq(credential.user_id)
    free = Attr("email").not_exists() | Attr("reservedUntil").lte(clock.now()) | own
    return [
        Put(table=CREDENTIALS, item=moved.item(), when=free),
        Put(
            table=CREDENTIALS,
            item=reserved.item(),
            when=_unchanged(credential) & Attr("emailChange").eq(credential.email_change),
        ),
    ]


def moving_back(
    credential: Credential,
    email: str,
    *,
    network: str,
    factors: Mapping[str, FactorType],
    identities: Mapping[str, str],
) -> list[Change]:
    """Return the changes that move the account back to a former address, without a password.

    Of the factors and identities only these stay.

    All devices are forgotten, and all networks except the one that the request came from. The addresses in between
    become available.

    Links that undo later changes are void, because the attacker received them at the address used in between. Links
    that undo earlier changes stay valid: otherwise the attacker could use such a link to void the owner's.
    """
    key = emails.key(email)
    position = credential.former.index(key)
    back = replace(
        credential,
        email=key,
        address=email,
        password_hash=None,
        version=credential.version + 1,
        email_change="",
        factors=factors,
        identities=identities,
        device_key=_new_key(),
        devices=(),
        networks=(network,),
        former=credential.former[position + 1 :],
    )
    own = Attr("reservedUntil").gt(clock.now()) & Attr("userId").eq(credential.user_id)
    return [
        Put(table=CREDENTIALS, item=back.item(), when=own, otherwise=InvalidOneTimeToken),
        *removing(credential),
        *_freeing(credential.former[:position], credential.user_id),
    ]


def signing_in(credential: Credential, *, by_email: bool = False, **attributes: str | list[str]) -> list[Change]:
    """Return the changes for every new session. `attributes`, named as in the table, are set in the same update.

    A sign-in with a link or code in an email (`by_email`) voids the account's other ones.
    """
    return [
        Update(
            table=CREDENTIALS,
            key={"email": credential.email},
            set={**attributes, **(first_proof(credential) if by_email else {})},
            add={"signIns": 1, "emailSignIns": 1} if by_email else {"signIns": 1},
            when=_same_version(credential, by_email=by_email),
        )
    ]


def first_proof(credential: Credential) -> dict[str, Any]:
    """Return the attributes that change when the mailbox is proved to us for the first time; none if it was before."""
    return {} if credential.is_proved else {"identities": {}, "proved": True}


def proving_email(credential: Credential) -> list[Change]:
    """Return the changes that void the links and codes for signing in, because one was used. No session starts."""
    return [
        Update(
            table=CREDENTIALS,
            key={"email": credential.email},
            set=first_proof(credential),
            add={"emailSignIns": 1},
            when=_same_version(credential, by_email=True),
        )
    ]


def touching(credential: Credential) -> list[Change]:
    """Return the changes that require the same version and increment `signIns`.

    A concurrent write that requires it unchanged then fails. For what must not happen while sessions are ended or
    factors are removed.
    """
    return signing_in(credential)


def checking(credential: Credential, *, by_email: bool = False) -> list[Change]:
    """Return the changes that write nothing, but require that the version has not changed.

    With `by_email` they also require that no link or code for signing in was used.
    """
    when = _same_version(credential, by_email=by_email)
    return [Check(table=CREDENTIALS, key={"email": credential.email}, when=when)]


def checking_unused(key: str) -> list[Change]:
    """Return the changes that write nothing, but require that no profile has the address with this key."""
    return [
        Check(table=CREDENTIALS, key={"email": key}, when=Attr("email").not_exists() | Attr("reservedUntil").exists())
    ]


def removing(credential: Credential) -> list[Change]:
    """Return the changes that delete the credentials and free the address."""
    return [Delete(table=CREDENTIALS, key={"email": credential.email}, when=_unchanged(credential))]


def removing_reserved(credential: Credential) -> list[Change]:
    """Return the changes that free the addresses reserved for the user of these credentials."""
    return _freeing(credential.former, credential.user_id)


def _freeing(keys: tuple[str, ...], user_id: str) -> list[Change]:
    found = [former for former in map(by_key, keys) if former is not None]
    reserved = [former for former in found if former.is_reserved and former.user_id == user_id]
    return [change for former in reserved for change in removing(former)]


def forgotten_clients(network: str) -> dict[str, bytes | list[str]]:
    """Return the attributes with which the account knows no device, and no network but this one."""
    return {"deviceKey": _new_key(), "devices": [], "networks": [network]}


def _new_key() -> bytes:
    return secrets.token_bytes(32)


def _same_version(credential: Credential, *, by_email: bool) -> Condition:
    same = Attr("version").eq(credential.version)
    return same & Attr("emailSignIns").eq(credential.email_sign_ins) if by_email else same


def _unchanged(credential: Credential) -> Condition:
    """Return the condition that the credentials have not changed since they were read, not even by a sign-in."""
    return Attr("version").eq(credential.version) & Attr("signIns").eq(credential.sign_ins)
