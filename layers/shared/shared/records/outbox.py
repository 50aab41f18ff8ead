"""The outbox: mails that have been decided on, written in one transaction with what they are about.

An entry says what is to be told to which address, not the words: who has an account, and whether it is verified, is
looked up on delivery, so that the request took the same time for a known and an unknown address. Nor does it hold the
token of a link, which is made on delivery and kept nowhere.

The entry is the truth about its mail. It is in exactly one state:

waiting     `unsent` is `waiting#<shard>`, and `retryAt` says when the next try is due
done        `doneAt` is set: the mail was sent, or there was nothing to tell any more. Only now it expires
dead        `unsent` is `dead`, and `lastError` says why: kept until somebody puts it back

`unsent` and `retryAt` are the keys of a sparse index, which holds what is not done and nothing else. Whoever tries a
mail claims it first. A claim is a lease of two minutes: were its holder killed, the mail is due again when it ends.
"""

import random
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from shared.core import clock
from shared.core.conditions import Attr, Condition, Key
from shared.core.tables import Change, Item, Put, Table, Update, update

OUTBOX = Table("outbox_table")
_UNSENT = "Unsent"
_SHARDS = 4
_DEAD = "dead"
_KEPT = 7 * clock.DAY
# Longer than any function that sends may run, so that no two of them ever hold one mail.
_LEASE = 2 * clock.MINUTE
# What must be left of an entry's first two minutes for the stream to try it: as long as its function may run.
_STREAM_NEEDS = clock.MINUTE
_TRIED_FOR = clock.DAY
_FIRST_PAUSE = 30
_LONGEST_PAUSE = clock.HOUR
_LONGEST_ASKED_FOR = 6 * clock.HOUR
# What one run of a job can do at the most; more would only be read for nothing.
_MOST_DUE = 1000

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


class Entry(NamedTuple):
    """A mail to be sent to an address, as people type it; `details` are what it needs to know beyond that.

    `attempts` counts the claims, this one included; `retry_at` is when this one's lease ends.
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
        """Read what the table holds."""
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
    """Give the change that decides on a mail."""
    entry_id = str(uuid.uuid4())
    item = {
        "id": entry_id,
        "kind": kind,
        "to": to,
        "details": details,
        "createdAt": clock.timestamp(),
        **_waiting(entry_id, retry_at=clock.now() + _LEASE),
    }
    return [Put(table=OUTBOX, item=item)]


def _waiting(entry_id: str, retry_at: int) -> Item:
    now = clock.now()
    return {
        "unsent": _shard(uuid.UUID(entry_id).int % _SHARDS),
        "retryAt": retry_at,
        "attempts": 0,
        "giveUpAt": now + _TRIED_FOR,
    }


def _shard(number: int) -> str:
    return f"waiting#{number}"


# Claiming ------------------------------------------------------------------------------------------

_WAITING = Attr("unsent").begins_with("waiting#")


class Pending(NamedTuple):
    """What the index says of an entry that is not done."""

    id: str
    retry_at: int
    created_at: str


class Backlog(NamedTuple):
    """How the outbox stands: mails that are due, longest overdue first, and how many wait and are dead.

    `oldest` is the age of the oldest mail that waits, in seconds; 0 if none does.
    """

    due: tuple[Pending, ...]
    waiting: int
    dead: int
    oldest: int


def claim_new(entry_id: str) -> Entry | None:
    """Claim an entry that nobody has tried, for the time that is left of its first two minutes.

    None if somebody has, or that time is nearly over: then it is tried when it is due. Changes no key of the index.
    """
    untouched = _WAITING & Attr("attempts").eq(0) & Attr("retryAt").gt(clock.now() + _STREAM_NEEDS)
    return _claim(Update(table=OUTBOX, key={"id": entry_id}, set={"attempts": 1}, when=untouched))


def claim(pending: Pending) -> Entry | None:
    """Claim an entry that is due. None if somebody else was faster."""
    unchanged = _WAITING & Attr("retryAt").eq(pending.retry_at)
    lease = {"retryAt": clock.now() + _LEASE}
    return _claim(Update(table=OUTBOX, key={"id": pending.id}, set=lease, add={"attempts": 1}, when=unchanged))


def _claim(change: Update) -> Entry | None:
    claimed, item = update(change)
    return Entry.from_item(item) if claimed else None


def backlog() -> Backlog:
    """Look through all that is not done."""
    now = clock.now()
    due: list[Pending] = []
    waiting, oldest = 0, ""
    for number in range(_SHARDS):
        for position, pending in enumerate(_unsent(_shard(number))):
            waiting += 1
            oldest = min(oldest or pending.created_at, pending.created_at)
            if pending.retry_at <= now and position < _MOST_DUE:
                due.append(pending)
    age = now - int(datetime.fromisoformat(oldest).timestamp()) if oldest else 0
    dead = sum(1 for _ in _unsent(_DEAD))
    return Backlog(tuple(sorted(due, key=lambda pending: pending.retry_at)), waiting, dead, max(age, 0))


def _unsent(state: str) -> Iterator[Pending]:
    for item in OUTBOX.query(Key("unsent").eq(state), index=_UNSENT):
        yield Pending(item["id"], item["retryAt"], item["createdAt"])


# What becomes of a claimed entry -------------------------------------------------------------------


def mark_done(entry: Entry) -> None:
    """Keep that there is nothing left to do, whoever holds the entry by now."""
    done = {"doneAt": clock.timestamp(), "expiresAt": clock.now() + _KEPT}
    _note(entry, Attr("unsent").exists(), done, remove=("unsent", "retryAt"))


def postpone(entry: Entry, error: str, retry_after: int | None = None) -> int | None:
    """Have the mail tried again; in `retry_after` seconds if somebody has asked for that. Give when, or None if never.

    A mail that has been tried for a day is dead.
    """
    retry_at = clock.now() + _pause(entry.attempts, retry_after)
    if retry_at > entry.give_up_at:
        mark_dead(entry, error)
        return None
    _note(entry, _held(entry), {"retryAt": retry_at, "lastError": error})
    return retry_at


def mark_dead(entry: Entry, error: str) -> None:
    """Give the mail up, but keep it. `error` is a code: what is in a mail stays out of it."""
    dead = {"unsent": _DEAD, "retryAt": clock.now(), "lastError": error}
    _note(entry, _held(entry), dead)


def redrive() -> int:
    """Put every dead entry back, due now; give how many."""
    return sum(_put_back(pending.id) for pending in list(_unsent(_DEAD)))


def _put_back(entry_id: str) -> bool:
    back = _waiting(entry_id, retry_at=clock.now())
    dead = Attr("unsent").eq(_DEAD)
    return update(Update(table=OUTBOX, key={"id": entry_id}, set=back, remove=("lastError",), when=dead))[0]


def _held(entry: Entry) -> Condition:
    return _WAITING & Attr("retryAt").eq(entry.retry_at)


def _note(entry: Entry, when: Condition, values: Item, remove: tuple[str, ...] = ()) -> None:
    # A lease that has ended is somebody else's: what they find out counts.
    update(Update(table=OUTBOX, key={"id": entry.id}, set=values, remove=remove, when=when))


def _pause(attempts: int, retry_after: int | None) -> int:
    """Give the seconds until the next try: random in part, so that mails that failed together fall out of step."""
    if retry_after is not None:
        return max(1, min(retry_after, _LONGEST_ASKED_FOR)) + random.randint(0, _FIRST_PAUSE)  # noqa: S311  # no secret
    longest = min(_FIRST_PAUSE * 2 ** (attempts - 1), _LONGEST_PAUSE)
    return random.randint(longest // 2, longest)  # noqa: S311  # no secret
