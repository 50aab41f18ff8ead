"""Pending registrations: sign-ups whose mailbox has not been proved. None of them is an account.

Threats. A stranger registers another person's address, before or after its owner: each registration has its own secret
and password, none displaces another, and what opens one of them does not open any other. A stranger guesses the code
of an email: a code belongs to the registration whose request caused the email, so it is useless without that
registration's secret or password, which the stranger knows only for their own. Such a code has three attempts, each
counted before it is compared, and only the first five emails a day to an address have one.

The secret is stored as a hash, which is part of the key, so it is looked up however many others register. Registrations
of an address that has an account are stored too, and never open anything.
"""

import base64
import hashlib
import hmac
import secrets
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from shared.core import clock
from shared.core.conditions import Attr, Condition, Key
from shared.core.errors import Outdated
from shared.core.tables import Change, Delete, Item, Put, Table, Update, try_update, write
from shared.records.sessions import Session
from shared.values import declared, emailed_codes, emails
from shared.values.details import Details

REGISTRATIONS = Table("registrations_table")
LIFETIME = clock.DAY
# A password is compared with the newest registrations, so that its price is bounded.
_MAX_COMPARED = 5
# A secret is the time of the registration in milliseconds, by which it is sorted, and random bytes.
_CONTENT = struct.Struct(">Q25s")
_RANDOM_LENGTH = 25


class _Code(NamedTuple):
    """A code that was emailed for a registration."""

    slot: int
    digest: bytes
    expires_at: int
    attempts: int

    @property
    def is_usable(self) -> bool:
        return self.expires_at > clock.now() and self.attempts < emailed_codes.MAX_ATTEMPTS


@dataclass(kw_only=True, eq=False, repr=False)
class Registration:
    """A pending registration. `email` is the key of the address, `address` the address as typed.

    `name` and `details` are those of the profile that it opens.

    `opened` is empty until the registration opens its account, and then refers to the session that started.
    """

    email: str
    position: str
    address: str
    name: str
    password_hash: str
    created_at: int
    details: Details
    opened: str = ""
    opened_at: int = 0
    codes: tuple[_Code, ...] = ()

    @property
    def is_expired(self) -> bool:
        """Whether it is older than a day. DynamoDB deletes expired items late, so every read checks this."""
        return self.created_at + LIFETIME <= clock.now()

    @property
    def key(self) -> Item:
        """The key of the item."""
        return {"email": self.email, "position": self.position}

    @classmethod
    def from_item(cls, item: Item) -> "Registration":
        """Create a registration from a stored item."""
        return cls(
            email=item["email"],
            position=item["position"],
            address=item["address"],
            name=item["name"],
            password_hash=item["passwordHash"],
            created_at=item["createdAt"],
            details=declared.details(item.get("details", {})),
            opened=item.get("opened", ""),
            opened_at=item.get("openedAt", 0),
            codes=tuple(
                _Code(slot, item[f"code{slot}"], item[f"code{slot}ExpiresAt"], item[f"code{slot}Attempts"])
                for slot in range(1, emailed_codes.MAX_A_DAY + 1)
                if f"code{slot}" in item
            ),
        )


# Reading -------------------------------------------------------------------------------------------


def find(email: str, secret: str) -> Registration | None:
    """Return the registration of an address with this secret, or None."""
    position = position_of(secret)
    return at(email, position) if position else None


def position_of(secret: str) -> str:
    """Return the position of the registration with this secret, or "" if it is not one of our secrets."""
    try:
        milliseconds, _ = _CONTENT.unpack(base64.b64decode(secret, altchars=b"-_", validate=True))
        return _position(milliseconds, secret)
    except (ValueError, OverflowError, OSError, struct.error):
        return ""


def at(email: str, position: str) -> Registration | None:
    """Return the registration of an address at this position, or None."""
    item = REGISTRATIONS.get({"email": emails.key(email), "position": position})
    registration = Registration.from_item(item) if item is not None else None
    return None if registration is None or registration.is_expired else registration


def newest(email: str) -> list[Registration]:
    """Return the newest registrations of an address, at most five, newest first."""
    items = REGISTRATIONS.query(Key("email").eq(emails.key(email)), page_size=_MAX_COMPARED, newest_first=True)
    return [each for each in map(Registration.from_item, islice(items, _MAX_COMPARED)) if not each.is_expired]


def newest_of_mailbox(address: str) -> Registration | None:
    """Return the newest registration, among the newest five, whose address is spelled like this, or None.

    Two spellings with the same key may be two mailboxes, and a code proves only the one that it was emailed to.
    """
    return next((each for each in newest(address) if each.address == address), None)


def remove_all(email: str, *, until: int) -> None:
    """Delete the registrations of an address up to a time. They are void while it has an account, and must stay so."""
    for item in REGISTRATIONS.query(Key("email").eq(emails.key(email))):
        if item["createdAt"] > until:
            continue
        write(Delete(table=REGISTRATIONS, key={"email": item["email"], "position": item["position"]}))


# Codes ---------------------------------------------------------------------------------------------


def issue_code(registration: Registration, slot: int, entry_id: str) -> str:
    """Store the six-digit code of an email, and return it. `slot` is the number of the email among those of its day.

    Each slot counts its attempts. If the email is sent twice, they are not counted anew.
    """
    code = emailed_codes.derive(registration.position, entry_id)
    digest = emailed_codes.digest(registration.position, code)
    try_update(
        Update(
            table=REGISTRATIONS,
            key=registration.key,
            set={f"code{slot}": digest, f"code{slot}ExpiresAt": clock.now() + emailed_codes.LIFETIME},
            add={f"code{slot}Attempts": 0},
            when=Attr("position").exists(),
        )
    )
    return code


def try_code(registration: Registration, code: str) -> bool:
    """Compare a code with those emailed for a registration. This is an attempt at each of them that is still usable."""
    usable = [each for each in registration.codes if each.is_usable]
    # Without a usable code the same write is made, so that the time does not tell whether there is one.
    attempts = {f"code{each.slot}Attempts": 1 for each in usable} or {"attempts": 1}
    unchanged: Condition = Attr("position").exists()
    for each in usable:
        unchanged &= Attr(f"code{each.slot}Attempts").eq(each.attempts)
    counted, _ = try_update(Update(table=REGISTRATIONS, key=registration.key, add=attempts, when=unchanged))
    if not counted:
        raise Outdated
    return _is_among(registration, code, usable)


def had_code(registration: Registration, code: str) -> bool:
    """Return whether a code was emailed for a registration. For one that has opened its account: not an attempt."""
    return _is_among(registration, code, registration.codes)


def _is_among(registration: Registration, code: str, codes: Iterable[_Code]) -> bool:
    digest = emailed_codes.digest(registration.position, code)
    return any(hmac.compare_digest(digest, each.digest) for each in codes)


# Changes -------------------------------------------------------------------------------------------


def new(*, name: str, email: str, password_hash: str, details: Details | None = None) -> tuple[Registration, str]:
    """Create a registration without storing it. Return it and its secret."""
    milliseconds = int(time.time() * 1000)
    content = _CONTENT.pack(milliseconds, secrets.token_bytes(_RANDOM_LENGTH))
    secret = base64.urlsafe_b64encode(content).decode()
    registration = Registration(
        email=emails.key(email),
        position=_position(milliseconds, secret),
        address=email,
        name=name,
        password_hash=password_hash,
        created_at=milliseconds // 1000,
        details=details if details is not None else declared.details({}),
    )
    return registration, secret


def adding(registration: Registration) -> list[Change]:
    """Return the changes that store a new registration."""
    item = {
        **registration.key,
        "address": registration.address,
        "name": registration.name,
        "passwordHash": registration.password_hash,
        "createdAt": registration.created_at,
        "expiresAt": registration.created_at + LIFETIME,
        "details": registration.details,
    }
    return [Put(table=REGISTRATIONS, item=item, when=Attr("position").not_exists())]


def opening(registration: Registration, session: Session) -> list[Change]:
    """Return the changes that record the session with which a registration opened its account. It does so once."""
    return [
        Update(
            table=REGISTRATIONS,
            key=registration.key,
            set={"opened": session.reference, "openedAt": clock.now()},
            when=Attr("position").exists() & Attr("opened").not_exists(),
        )
    ]


def _position(milliseconds: int, secret: str) -> str:
    return f"{clock.rfc3339(milliseconds / 1000)}#{hashlib.sha256(secret.encode()).hexdigest()}"
