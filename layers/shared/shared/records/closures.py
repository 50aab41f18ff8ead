"""Closed accounts whose data is still to be removed: activity, rows that they owned, registrations of their address.

A closure is stored in the transaction that closes the account, and removed once nothing is left. A call that was in
flight when the account was closed may still write for a while. So the data is removed as soon as possible, and again
until no such call can be left.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from shared.core import clock
from shared.core.conditions import Key
from shared.core.tables import Change, Delete, Put, Table
from shared.values import emails

CLOSURES = Table("closures_table")
# All are read together, so they share a partition. There are few: each stays for minutes.
_PARTITION = "pending"
# Longer than a function of the API may run: the timeouts are 15 and 29 seconds (template.yaml).
_LONGEST_CALL = clock.MINUTE
# Activity has expired by then, even if it was never removed.
_RETENTION = 90 * clock.DAY


class Closure(NamedTuple):
    """An account that was closed at a time, in seconds since 1970. `email` is the key of its address."""

    user_id: str
    email: str
    closed_at: int

    @property
    def may_have_calls(self) -> bool:
        """Whether a call from before the closing may still be running, and so may still write data of the user."""
        return clock.now() < self.closed_at + _LONGEST_CALL


def adding(user_id: str, email: str, closed_at: int, *, after_commit: Callable[[], None]) -> list[Change]:
    """Return the changes that record that an account was closed at a time (seconds since 1970)."""
    item = {"state": _PARTITION, "userId": user_id, "email": emails.key(email), "closedAt": closed_at}
    return [Put(table=CLOSURES, item={**item, "expiresAt": closed_at + _RETENTION}, after_commit=after_commit)]


def pending() -> Iterator[Closure]:
    """Yield the accounts whose data is still to be removed."""
    for item in CLOSURES.query(Key("state").eq(_PARTITION)):
        yield Closure(item["userId"], item["email"], item["closedAt"])


def removing(closure: Closure) -> list[Change]:
    """Return the changes that record that no data of the account is left."""
    return [Delete(table=CLOSURES, key={"state": _PARTITION, "userId": closure.user_id})]
