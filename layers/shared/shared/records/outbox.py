"""The outbox: emails to send, each written in one transaction with the change that causes it.

An entry holds the kind of the email and the address, but not the text. Whether the address has an account, and whether
it is verified, is looked up on delivery, so that a request takes the same time for a known and an unknown address. The
token of a link is created on delivery too, and never stored.

The entry is the source of truth for its email. It is in exactly one state:

waiting     `unsent` is `waiting#<shard>`, and `retryAt` is the time of the next attempt; that of a claimed entry is the
            end of the claim
held        `unsent` is `held#<reason>`: a budget, or the share of a network, is spent. `retryAt` is when it was first
            held, so that the newest is found first. After an hour it is dropped: nobody reads it, and it expires
done        `doneAt` is set: the email was sent, is not needed, or was not allowed. The entry expires
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
from shared.records.budgets import Budget

OUTBOX = Table("outbox_table")
_UNSENT = "Unsent"
# For the ids of entries that are queued once.
_NAMES = uuid.UUID("0d3a6a0c-6e0c-4f43-9a6e-5c7e1d0a9b52")
# The partitions of the index that hold the waiting entries.
SHARDS = tuple(f"waiting#{number}" for number in range(4))
_DEAD = "dead"
_RETENTION = 7 * clock.DAY
# Longer than any function that sends emails may run, so that no two of them hold the same entry.
_LEASE = 2 * clock.MINUTE
# If less than this is left of the first two minutes, the stream's function takes a new lease: it may run as long.
_STREAM_RUN_TIME = clock.MINUTE
_RETRY_PERIOD = clock.DAY
_HELD_PERIOD = clock.HOUR
# Why an entry is held: the share of the client's network is spent, or one of the budgets.
Hold: TypeAlias = Literal["network"] | Budget
HOLDS: tuple[Hold, ...] = ("network", "accounts", "others")
_FIRST_RETRY_DELAY = 30
_MAX_RETRY_DELAY = clock.HOUR
_MAX_REQUESTED_DELAY = 6 * clock.HOUR
# The most due entries to return. One run of a job cannot send more.
_MAX_DUE = 10_000

Kind: TypeAlias = Literal[
    "registration",
    "invitation",
    "recovery",
    "sign_in",
    "email_change",
    "email_changed",
    "password_changed",
    "new_device",
    "session_ended",
    "factor_added",
    "factor_removed",
    "factors_reset",
    "recovery_codes_renewed",
    "recovery_code_used",
    "passkey_cloned",
    "account_opened",
    "identity_link",
    "identity_linked",
    "identity_unlinked",
    "role_changed",
    "account_disabled",
    "account_closed",
    "account_enabled",
    "submission",
    "submission_digest",
]


class Entry(NamedTuple):
    """An email to send to an address as typed. `details` holds whatever else this kind of email needs.

    `attempts` is the number of claims, including the current one. `retry_at` is the time when its lease ends. `network`
    is that of the client who caused the email. `is_counted` is True once its budget, if it has one, has counted it,
    so that no retry is counted again. `held_at` is the time when it was first held, or 0. `is_admitted` is True while
    it counts in the share of its network and against its address.
    """

    id: str
    kind: Kind
    to: str
    details: Mapping[str, str]
    attempts: int
    retry_at: int
    give_up_at: int
    created_at: int
    network: str
    is_counted: bool
    held_at: int
    is_admitted: bool

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
            created_at=_seconds(item["createdAt"]),
            network=item["network"],
            is_counted=item.get("counted", False),
            held_at=item.get("heldAt", 0),
            is_admitted=item.get("admitted", False),
        )


def sending(kind: Kind, to: str, *, network: str = "", **details: str) -> list[Change]:
    """Return the changes that queue an email. `network` is that of the client, if anyone can cause such an email."""
    return sending_if(allowed=True, kind=kind, to=to, network=network, **details)


def sending_if(allowed: object, kind: Kind, to: str, *, network: str = "", **details: str) -> list[Change]:
    """Return the changes that queue an email or, if a limit forbids it, store it as done, which takes the same time."""
    entry_id = str(uuid.uuid4())
    state = _waiting(entry_id, retry_at=clock.now() + _LEASE) if allowed else _done()
    content = {"kind": kind, "to": to, "details": details, "network": network, "createdAt": clock.timestamp()}
    return [Put(table=OUTBOX, item={"id": entry_id, **content, **state})]


def send_once(name: str, kind: Kind, to: str, *, due: int, **details: str) -> None:
    """Queue an email that becomes due at a time (seconds since 1970), unless one with this name was queued before."""
    entry_id = str(uuid.uuid5(_NAMES, name))
    # As if it had been tried: the stream's function leaves it to the job.
    state = _waiting(entry_id, retry_at=due) | {"attempts": 1}
    content = {"kind": kind, "to": to, "details": details, "network": "", "createdAt": clock.timestamp()}
    try_update(Update(table=OUTBOX, key={"id": entry_id}, set={**content, **state}, when=Attr("id").not_exists()))


def _done() -> Item:
    return {"doneAt": clock.timestamp(), "expiresAt": clock.now() + _RETENTION}


def _waiting(entry_id: str, retry_at: int) -> Item:
    now = clock.now()
    return {
        "unsent": _shard_of(entry_id),
        "retryAt": retry_at,
        "attempts": 0,
        "giveUpAt": now + _RETRY_PERIOD,
    }


def _shard_of(entry_id: str) -> str:
    return SHARDS[uuid.UUID(entry_id).int % len(SHARDS)]


# Claiming ------------------------------------------------------------------------------------------

_WAITING = Attr("unsent").begins_with("waiting#")


class Unsent(NamedTuple):
    """An entry that is waiting, held or dead, as the index holds it."""

    id: str
    state: str
    retry_at: int
    created_at: str
    network: str


class Backlog(NamedTuple):
    """The state of a shard: the due entries, longest overdue first, and the number of all that are waiting.

    `oldest_age` is the age of the oldest waiting entry in seconds, or 0 if there is none.
    """

    due: tuple[Unsent, ...]
    waiting: int
    oldest_age: int


def claim_new(entry_id: str) -> Entry | None:
    """Claim an entry that has not been tried. Return None if it has been.

    While enough of its first two minutes is left for the attempt, they are the lease: that changes no key of the index,
    and so costs no write to it.
    """
    untried = _WAITING & Attr("attempts").eq(0)
    in_time = untried & Attr("retryAt").gt(clock.now() + _STREAM_RUN_TIME)
    claimed, item = try_update(Update(table=OUTBOX, key={"id": entry_id}, set={"attempts": 1}, when=in_time))
    if claimed:
        return Entry.from_item(item)
    # One that is due is left to the job.
    is_untried = "unsent" in item and item["attempts"] == 0 and item["retryAt"] > clock.now()
    return claim(_unsent_from(item)) if is_untried else None


def claim(unsent: Unsent) -> Entry | None:
    """Claim an entry that is due or held. Return None if another sender was faster."""
    unchanged = Attr("unsent").eq(unsent.state) & Attr("retryAt").eq(unsent.retry_at)
    lease = {"unsent": _shard_of(unsent.id), "retryAt": clock.now() + _LEASE}
    return _claim(
        Update(
            table=OUTBOX,
            key={"id": unsent.id},
            set=lease,
            add={"attempts": 1},
            remove=("expiresAt",),
            when=unchanged,
        )
    )


def _claim(change: Update) -> Entry | None:
    claimed, item = try_update(change)
    return Entry.from_item(item) if claimed else None


def backlog(shard: str) -> Backlog:
    """Read the waiting entries of a shard, which is one of `SHARDS`."""
    now = clock.now()
    due: list[Unsent] = []
    waiting, oldest = 0, ""
    for unsent in _unsent(shard):
        waiting += 1
        oldest = min(oldest or unsent.created_at, unsent.created_at)
        if unsent.retry_at <= now and len(due) < _MAX_DUE:
            due.append(unsent)
    return Backlog(tuple(due), waiting, max(now - _seconds(oldest), 0) if oldest else 0)


def count_dead() -> int:
    """Return the number of dead entries."""
    return sum(1 for _ in _unsent(_DEAD))


def count_held() -> int:
    """Return the number of held entries that have not been dropped."""
    return sum(1 for reason in HOLDS for _ in held(reason))


def held(reason: Hold) -> Iterator[Unsent]:
    """Yield the entries that are held for this reason and have not been dropped, newest first."""
    condition = Key("unsent").eq(_held(reason)) & Key("retryAt").gt(clock.now() - _HELD_PERIOD)
    return _read(condition, newest_first=True)


def _unsent(state: str) -> Iterator[Unsent]:
    return _read(Key("unsent").eq(state))


def _read(condition: Condition, *, newest_first: bool = False) -> Iterator[Unsent]:
    for item in OUTBOX.query(condition, index=_UNSENT, newest_first=newest_first):
        yield _unsent_from(item)


def _unsent_from(item: Item) -> Unsent:
    return Unsent(item["id"], item["unsent"], item["retryAt"], item["createdAt"], item["network"])


def _held(reason: Hold) -> str:
    return f"held#{reason}"


def _seconds(timestamp: str) -> int:
    return int(datetime.fromisoformat(timestamp).timestamp())


# Outcomes of a claim -------------------------------------------------------------------------------


def mark_done(entry: Entry) -> None:
    """Record that nothing is left to do, even if another sender holds the entry by now."""
    _update_if(Attr("unsent").exists(), entry, _done(), remove=("unsent", "retryAt"))


def hold(entry: Entry, reason: Hold) -> None:
    """Hold an entry back until its budget and its network's share allow it. After an hour it is dropped."""
    held_at = entry.held_at or clock.now()
    times = {"retryAt": held_at, "heldAt": held_at, "expiresAt": held_at + _HELD_PERIOD}
    _update_if(_still_claimed(entry), entry, {"unsent": _held(reason), "admitted": False, **times})


def postpone(entry: Entry, error: str, retry_after: int | None = None) -> int | None:
    """Schedule a retry, and return its time. `retry_after` is the delay in seconds that a provider has asked for.

    An email that has been tried for a day is marked dead instead, and None returned.
    """
    retry_at = clock.now() + _retry_delay(entry.attempts, retry_after)
    if retry_at > entry.give_up_at:
        mark_dead(entry, error)
        return None
    counts = {"counted": entry.is_counted, "admitted": entry.is_admitted, "details": entry.details}
    _update_if(_still_claimed(entry), entry, {"retryAt": retry_at, "lastError": error, **counts})
    return retry_at


def mark_dead(entry: Entry, error: str) -> None:
    """Stop trying to send the email, but keep the entry. `error` is a code, never content of the email."""
    dead = {"unsent": _DEAD, "retryAt": clock.now(), "lastError": error, "counted": entry.is_counted}
    _update_if(_still_claimed(entry), entry, dead)


def redrive() -> int:
    """Make every dead entry due now. Return the number of entries."""
    return sum(_redrive_one(unsent.id) for unsent in list(_unsent(_DEAD)))


def _redrive_one(entry_id: str) -> bool:
    waiting = _waiting(entry_id, retry_at=clock.now())
    dead = Attr("unsent").eq(_DEAD)
    return try_update(
        Update(table=OUTBOX, key={"id": entry_id}, set=waiting, remove=("lastError", "heldAt"), when=dead)
    )[0]


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
