"""The outbox: mails that have been decided on, written in one transaction with what they are about.

The table's stream hands each to `shared.delivery`. An entry says what is to be told to which address, not the words:
who has an account, and whether it is verified, is looked up on delivery, so that the request took the same time for a
known and an unknown address. Nor does it hold the token of a link, which is made on delivery and kept nowhere.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from shared import clock
from shared.tables import Change, Item, Put, Table, Update, write

OUTBOX = Table("outbox_table")
_KEPT = 7 * clock.DAY

Kind: TypeAlias = Literal[
    "registration",
    "verification",
    "invitation",
    "recovery",
    "email_change",
    "email_changed",
    "password_changed",
    "new_device",
    "session_ended",
    "submission",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A mail to be sent to an address, as people type it; `details` are what it needs to know beyond that."""

    id: str
    kind: Kind
    to: str
    details: Mapping[str, str]

    @classmethod
    def from_item(cls, item: Item) -> "Entry":
        """Read what the table holds."""
        return cls(id=item["id"], kind=item["kind"], to=item["to"], details=item["details"])


def sending(kind: Kind, to: str, **details: str) -> Change:
    """Give the change that decides on a mail."""
    item = {
        "id": str(uuid.uuid4()),
        "kind": kind,
        "to": to,
        "details": details,
        "createdAt": clock.timestamp(),
        "expiresAt": clock.now() + _KEPT,
    }
    return Put(table=OUTBOX, item=item)


def is_done(entry: Entry) -> bool:
    """Say whether the mail was sent, or is not wanted any more."""
    item = OUTBOX.get({"id": entry.id})
    return item is None or "doneAt" in item


def mark_done(entry: Entry) -> None:
    """Keep that there is nothing left to do."""
    write(Update(table=OUTBOX, key={"id": entry.id}, set={"doneAt": clock.timestamp()}))
