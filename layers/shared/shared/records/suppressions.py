"""Suppressed addresses: those that mails bounced from, or whose owners complained. They get no mail but a proof.

An item is the last that is known of an address: that it was suppressed or, for a month, that it was proved to be read
again. News of it come twice and in any order, so older news never replaces newer: what came first makes no difference.
"""

from typing import Literal, NamedTuple, TypeAlias

from shared.core import clock
from shared.core.conditions import Attr, Condition
from shared.core.tables import Change, Check, Item, Put, Table, Update, update
from shared.values import emails

SUPPRESSIONS = Table("suppressions_table")
# Longer than SNS and a dead-letter queue keep an event between them (23 and 14 days, of which the latter is redriven by
# hand): an old bounce must not come after the proof that it is none any more.
_PROOF_KEPT = 40 * clock.DAY

Reason: TypeAlias = Literal["bounced", "complained"]


class Suppression(NamedTuple):
    """Why an address gets no mail, and since when (RFC 3339). `email` is its key; `detail` is SES's word for the kind.

    Without a `reason` the address was suppressed once, and has been proved to be read at that time.
    """

    email: str
    reason: Reason | None
    at: str
    detail: str = ""

    @classmethod
    def from_item(cls, item: Item) -> "Suppression":
        """Read what the table holds."""
        return cls(email=item["email"], reason=item.get("reason"), at=item["at"], detail=item.get("detail", ""))


def latest(key: str) -> Suppression | None:
    """Give the last that is known of the address with this key, if there is anything."""
    item = SUPPRESSIONS.get({"email": key})
    return Suppression.from_item(item) if item is not None else None


def reason_for(email: str) -> Reason | None:
    """Say why an address, as people type it, gets no mail; None if it does."""
    known = latest(emails.key(email))
    return known.reason if known is not None else None


def may_prove(email: str, kind: str, entry_id: str) -> bool:
    """Count a mail that asks a suppressed address for proof; say whether it may go, which is once a day for each kind.

    Anybody can ask for one, and each bounce harms the sender's reputation. Another try at the same entry may always go.
    """
    now = clock.now()
    at, which = f"{kind}At", f"{kind}Entry"
    due = Attr(at).not_exists() | Attr(at).lte(now - clock.DAY) | Attr(which).eq(entry_id)
    key = {"email": emails.key(email)}
    counted, _ = update(
        Update(table=SUPPRESSIONS, key=key, set={at: now, which: entry_id}, when=Attr("reason").exists() & due)
    )
    return counted


# Changes, to be combined with those of accounts ----------------------------------------------------


def adding(suppression: Suppression, *, after: Suppression | None) -> list[Change]:
    """Give the change that suppresses an address, if what is known of it is still what was read."""
    unchanged = Attr("email").not_exists() if after is None else Attr("at").eq(after.at)
    # An update, so that a proof that bounces does not make room for the next one at once.
    return [
        Update(
            table=SUPPRESSIONS,
            key={"email": suppression.email},
            set={"reason": suppression.reason, "at": suppression.at, "detail": suppression.detail},
            remove=("expiresAt",),
            when=unchanged,
        )
    ]


def lifting(email: str) -> list[Change]:
    """Give the change after which an address, as people type it, gets mail, since it has just been proved to be read.

    Right whatever is stored. Bounces and complaints from before, if they come late, change nothing.
    """
    expires = clock.now() + _PROOF_KEPT
    return [Put(table=SUPPRESSIONS, item={"email": emails.key(email), "at": clock.timestamp(), "expiresAt": expires})]


def checking(email: str, reason: Reason | None) -> list[Change]:
    """Give the change that changes nothing, but insists that an address is suppressed for this reason, or is not."""
    when: Condition = Attr("reason").not_exists() if reason is None else Attr("reason").eq(reason)
    return [Check(table=SUPPRESSIONS, key={"email": emails.key(email)}, when=when)]
