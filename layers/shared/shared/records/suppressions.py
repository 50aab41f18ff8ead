"""Suppressed addresses: emails to them have bounced, or their owners have complained. They receive only proof requests.

A proof request is an email whose link proves that the address is read. An item holds the latest fact about an address:
that it was suppressed or, for 40 days, that it was proved to be read. Events arrive more than once and in any order. An
older event never replaces a newer one, so the order makes no difference.
"""

from typing import Literal, NamedTuple, TypeAlias

from shared.core import clock
from shared.core.conditions import Attr, Condition
from shared.core.tables import Change, Check, Item, Put, Table, Update, try_update
from shared.values import emails

SUPPRESSIONS = Table("suppressions_table")
# Longer than SNS (23 days) and a dead-letter queue (14 days, redriven by hand) together keep an event: as long as a
# bounce from before the proof can still arrive, the proof must be stored.
_PROOF_RETENTION = 40 * clock.DAY

Reason: TypeAlias = Literal["bounced", "complained"]


class Suppression(NamedTuple):
    """The latest fact about an address: why it receives no email, and since when (RFC 3339).

    `email` is the key of the address. `detail` is the type of bounce or complaint that SES reports: stored, never read.
    Without a `reason`, the address was suppressed before, and `at` is when it was proved to be read.
    """

    email: str
    reason: Reason | None
    at: str
    detail: str = ""

    @classmethod
    def from_item(cls, item: Item) -> "Suppression":
        """Create a suppression from a stored item."""
        return cls(email=item["email"], reason=item.get("reason"), at=item["at"])


def latest(key: str) -> Suppression | None:
    """Return the latest fact about the address with this key, or None."""
    item = SUPPRESSIONS.get({"email": key})
    return Suppression.from_item(item) if item is not None else None


def reason_for(email: str) -> Reason | None:
    """Return why an address, as typed, receives no email, or None if it does."""
    known = latest(emails.key(email))
    return known.reason if known is not None else None


def allow_proof_request(email: str, kind: str, entry_id: str) -> bool:
    """Return whether a proof request may be sent to a suppressed address: once a day per kind. Records that it is sent.

    Anyone can trigger one, and each bounce harms the sender's reputation. A retry of the same entry is always allowed.
    """
    now = clock.now()
    at, which = f"{kind}At", f"{kind}Entry"
    due = Attr(at).not_exists() | Attr(at).lte(now - clock.DAY) | Attr(which).eq(entry_id)
    key = {"email": emails.key(email)}
    allowed, _ = try_update(
        Update(table=SUPPRESSIONS, key=key, set={at: now, which: entry_id}, when=Attr("reason").exists() & due)
    )
    return allowed


# Changes -------------------------------------------------------------------------------------------


def adding(suppression: Suppression, *, replaces: Suppression | None) -> list[Change]:
    """Return the changes that suppress an address. They require that `replaces` is still the latest fact."""
    unchanged = Attr("email").not_exists() if replaces is None else Attr("at").eq(replaces.at)
    # An update keeps the times of earlier proof requests. If one bounces, the next must still wait for a day.
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
    """Return the changes that lift a suppression, because the address, as typed, was just proved to be read.

    They have no condition, since whatever is stored is older. Earlier bounces and complaints that arrive later change
    nothing.
    """
    expires = clock.now() + _PROOF_RETENTION
    return [Put(table=SUPPRESSIONS, item={"email": emails.key(email), "at": clock.timestamp(), "expiresAt": expires})]


def checking(email: str, reason: Reason | None) -> list[Change]:
    """Return the changes that write nothing, but require that an address is suppressed for this reason (None: not)."""
    when: Condition = Attr("reason").not_exists() if reason is None else Attr("reason").eq(reason)
    return [Check(table=SUPPRESSIONS, key={"email": emails.key(email)}, when=when)]
