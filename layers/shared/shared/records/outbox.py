"""The outbox: emails to send, each written in one transaction with the change that causes it.

An entry holds the kind of the email and the address, but not the text. Whether the address has an account, and whether
it is verified, is looked up on delivery, so that a request takes the same time for a known and an unknown address. The
token of a link is created on delivery too, and never stored.

The entry is the source of truth for its email. It is in exactly one state:

waiting     `unsent` is `waiting#<shard>`, and `retryAt` is the time of the next attempt
done        `doneAt` is set: the email was sent, is not needed, or was not allowed. Only entries in this state expire
dead        `unsent` is `dead`, and `lastError` is the reason. The entry is kept until it is redriven

`unsent` and `retryAt` are the keys of a sparse index, which holds only entries that are not done. A sender claims an
entry before it tries to send the email. A claim is a lease of two minutes: if the sender is killed, the email is due
again when the lease ends.
"""

import random
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from shared.core import clock
from shared.core.conditions import Attr, Condition, Key
from shared.core.tables import Change, Item, Put, Table, Update, try_update

OUTBOX = Table("outbox_table")
_UNSENT = "Unsent"
_SHARDS = 4
_DEAD = "dead"
_RETENTION = 7 * clock.DAY
# Longer than any function that sends emails may run, so that no two of them hold the same entry.
_LEASE = 2 * clock.MINUTE
# The stream's function claims a new entry only if this much of the first two minutes is left: as long as it may run.
_STREAM_RUN_TIME = clock.MINUTE
_RETRY_PERIOD = clock.DAY
_FIRST_RETRY_DELAY = 30
_MAX_RETRY_DELAY = clock.HOUR
_MAX_REQUESTED_DELAY = 6 * clock.HOUR
# The most due entries to return per shard. One run of a job cannot send more.
_MAX_DUE = 1000

Kind: TypeAlias = Literal[
    "registration",
    "invitation",
    "recovery",
    "email_change",
    "email_changed",
    "password_changed",
    "new_device",
    "session_ended",
    "role_changed",
    "account_disabled",
    "account_closed",
    "account_enabled",
    "submission",
]


class Entry(NamedTuple):
    """An email to send to an address as typed. `details` holds whatever else this kind of email needs.

    `attempts` is the number of claims, including the current one. `retry_at` is the time when its lease ends.
    """

    id: str
    kind: Kind
    to: str
    details: Mapping[str, str]
    attempts: int
    retry_at: int
    give_up_at: int

    @classmethod
    def from_item(cls, item: Item) -> "Entry":
        """Create an entry from a stored item."""
        return cls(
            id=item["id"],
            kind=item["kind"],
            to=item["to"],
            details=item["details"],
            attempts=item["attempts"],
            retry_at=item["retryAt"],
            give_up_at=item["giveUpAt"],
        )


def sending(kind: Kind, to: str, **details: str) -> list[Change]:
    """Return the changes that queue an email."""
    entry_id = str(uuid.uuid4())
    return _storing(entry_id, kind, to, details, _waiting(entry_id, retry_at=clock.now() + _LEASE))


def sending_if(allowed: object, kind: Kind, to: str, **details: str) -> list[Change]:
    """Return the changes that queue an email or, if a limit forbids it, store it as done, which takes the same time."""
    if allowed:
        return sending(kind, to, **details)
    return _storing(str(uuid.uuid4()), kind, to, details, _done())


def _storing(entry_id: str, kind: Kind, to: str, details: Mapping[str, str], state: Item) -> list[Change]:
    item = {"id": entry_id, "kind": kind, "to": to, "details": details, "createdAt": clock.timestamp(), **state}
    return [Put(table=OUTBOX, item=item)]


def _done() -> Item:
    return {"doneAt": clock.timestamp(), "expiresAt": clock.now() + _RETENTION}


def _waiting(entry_id: str, retry_at: int) -> Item:
    now = clock.now()
    return {
        "unsent": _shard(uuid.UUID(entry_id).int % _SHARDS),
        "retryAt": retry_at,
        "attempts": 0,
        "giveUpAt": now + _RETRY_PERIOD,
    }


def _shard(number: int) -> str:
    return f"waiting#{number}"


# Claiming ------------------------------------------------------------------------------------------

_WAITING = Attr("unsent").begins_with("waiting#")


class Unsent(NamedTuple):
    """An entry that is waiting or dead, as the index holds it."""

    id: str
    retry_at: int
    created_at: str


class Backlog(NamedTuple):
    """The state of the outbox: the due entries, longest overdue first, and the numbers of waiting and dead ones.

    `oldest_age` is the age of the oldest waiting entry in seconds, or 0 if there is none.
    """

    due: tuple[Unsent, ...]
    waiting: int
    dead: int
    oldest_age: int


def claim_new(entry_id: str) -> Entry | None:
    """Claim an entry that has not been tried, for the rest of its first two minutes. Changes no key of the index.

    Return None if it has been tried already, or if too little of that time is left: then it is tried when it is due.
    """
    untried = _WAITING & Attr("attempts").eq(0) & Attr("retryAt").gt(clock.now() + _STREAM_RUN_TIME)
    return _claim(Update(table=OUTBOX, key={"id": entry_id}, set={"attempts": 1}, when=untried))


def claim(unsent: Unsent) -> Entry | None:
    """Claim an entry that is due. Return None if another sender was faster."""
    unchanged = _WAITING & Attr("retryAt").eq(unsent.retry_at)
    lease = {"retryAt": clock.now() + _LEASE}
    return _claim(Update(table=OUTBOX, key={"id": unsent.id}, set=lease, add={"attempts": 1}, when=unchanged))


def _claim(change: Update) -> Entry | None:
    claimed, item = try_update(change)
    return Entry.from_item(item) if claimed else None


def backlog() -> Backlog:
    """Read all entries that are not done."""
    now = clock.now()
    due: list[Unsent] = []
    waiting, oldest = 0, ""
    for number in range(_SHARDS):
        for position, unsent in enumerate(_unsent(_shard(number))):
            waiting += 1
            oldest = min(oldest or unsent.created_at, unsent.created_at)
            if unsent.retry_at <= now and position < _MAX_DUE:
                due.append(unsent)
    age = now - int(datetime.fromisoformat(oldest).timestamp()) if oldest else 0
    dead = sum(1 for _ in _unsent(_DEAD))
    return Backlog(tuple(sorted(due, key=lambda unsent: unsent.retry_at)), waiting, dead, max(age, 0))


def _unsent(state: str) -> Iterator[Unsent]:
    for item in OUTBOX.query(Key("unsent").eq(state), index=_UNSENT):
        yield Unsent(item["id"], item["retryAt"], item["createdAt"])


# Outcomes of a claim -------------------------------------------------------------------------------


def mark_done(entry: Entry) -> None:
    """Record that nothing is left to do, even if another sender holds the entry by now."""
    _update_if(Attr("unsent").exists(), entry, _done(), remove=("unsent", "retryAt"))


def postpone(entry: Entry, error: str, retry_after: int | None = None) -> int | None:
    """Schedule a retry, and return its time. `retry_after` is the delay in seconds that a provider has asked for.

    An email that has been tried for a day is marked dead instead, and None returned.
    """
    retry_at = clock.now() + _retry_delay(entry.attempts, retry_after)
    if retry_at > entry.give_up_at:
        mark_dead(entry, error)
        return None
    _update_if(_still_claimed(entry), entry, {"retryAt": retry_at, "lastError": error})
    return retry_at


def mark_dead(entry: Entry, error: str) -> None:
    """Stop trying to send the email, but keep the entry. `error` is a code, never content of the email."""
    dead = {"unsent": _DEAD, "retryAt": clock.now(), "lastError": error}
    _update_if(_still_claimed(entry), entry, dead)


def redrive() -> int:
    """Make every dead entry due now. Return the number of entries."""
    return sum(_redrive_one(unsent.id) for unsent in list(_unsent(_DEAD)))


def _redrive_one(entry_id: str) -> bool:
    waiting = _waiting(entry_id, retry_at=clock.now())
    dead = Attr("unsent").eq(_DEAD)
    return try_update(Update(table=OUTBOX, key={"id": entry_id}, set=waiting, remove=("lastError",), when=dead))[0]


def _still_claimed(entry: Entry) -> Condition:
    return _WAITING & Attr("retryAt").eq(entry.retry_at)


def _update_if(when: Condition, entry: Entry, values: Item, remove: tuple[str, ...] = ()) -> None:
    # A failed condition is ignored: another sender has claimed the entry since and records its own outcome.
    try_update(Update(table=OUTBOX, key={"id": entry.id}, set=values, remove=remove, when=when))


def _retry_delay(attempts: int, retry_after: int | None) -> int:
    """Return the seconds until the next attempt, partly random, so that emails that failed together spread out."""
    if retry_after is not None:
        jitter = random.randint(0, _FIRST_RETRY_DELAY)  # noqa: S311  # not for secrets
        return max(1, min(retry_after, _MAX_REQUESTED_DELAY)) + jitter
    longest = min(_FIRST_RETRY_DELAY * 2 ** (attempts - 1), _MAX_RETRY_DELAY)
    return random.randint(longest // 2, longest)  # noqa: S311  # not for secrets
