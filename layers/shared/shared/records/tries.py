"""Tries at the password or the factors of an account, and the locks that bound them.

Threats. An attacker guesses, from one network or from thousands, one after the other or in parallel: a try is counted
before it is checked, and the account is locked. An attacker locks the owner out with wrong guesses: tries are counted
in pools, and what strangers do locks only clients that the account does not know. A client that it knows, by a device
token or by a network that the owner has signed in from, is locked by its own tries only; so is a session. An attacker
who knows the password guesses codes: passwords and factors have separate pools, so a correct password clears no lock of
the factors. All factors of an account share theirs.

| who tries | locked by the pool of |
|---|---|
| a client with a valid device token | this device |
| a client in one of the owner's last three networks | this network |
| any other client | its network, and all clients together |
| a signed-in user who proves who they are again | this session |

In a pool, four tries within 15 minutes may fail. The fifth and each later one locks it before it is checked: for 30
seconds, then twice as long each time, up to 15 minutes. After 20 failures in a day every try locks it for 15 minutes,
so that waiting between a few tries gains nothing: about 110 guesses a day for each pool that an outsider can use, which
are at most four. Three of a million codes are correct at any moment (RFC 6238, 5.2), so an attacker who knows the
password and guesses day and night has an even chance at a code after almost six years.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, get_args

from shared.core import clock
from shared.core.conditions import Attr
from shared.core.errors import Outdated
from shared.core.tables import Delete, Item, Update, try_update, write
from shared.records.limits import LIMITS
from shared.values import emails

_FIRST_LOCKING_TRY = 5
_WINDOW = 15 * clock.MINUTE
_FIRST_LOCK = 30
_MAX_LOCK = 15 * clock.MINUTE
_MANY_PER_DAY = 20
# The failures after which a device token is void, and a session ends.
MAX_FAILURES_OF_SECRET = 10
# The longest time that the check of a password takes, in seconds, and the pauses of tries that wait for it.
_MAX_CHECK_TIME = 3
_WAITS = (0.1, 0.2, 0.3, 0.5, 0.5, 1, 1, 1, 1)
_ATTEMPTS = 20


Kind: TypeAlias = Literal["password", "factors"]


class Pool(NamedTuple):
    """Tries that are counted together for `period` seconds. `most` is the number of failures that it survives."""

    key: str
    period: int = clock.DAY
    most: int | None = None

    @property
    def item_key(self) -> Item:
        return {"key": f"tries#{self.key}"}


def at_password(email: str) -> str:
    """Return what is tried by someone who sends a password for an address, which may have no account."""
    return emails.key(email)


def at_factors(user_id: str) -> str:
    """Return what is tried by someone who sends a code, a recovery code or a passkey for an account."""
    return f"factors#{user_id}"


def of_network(tried: str, network: str) -> Pool:
    """Return the pool of the tries from a client's network."""
    return Pool(f"{tried}#{network}")


def of_everyone(tried: str) -> Pool:
    """Return the pool of the tries of all clients."""
    return Pool(f"{tried}#everyone")


def of_device(tried: str, device_id: str) -> Pool:
    """Return the pool of the tries with one device token."""
    return Pool(f"{tried}#device#{device_id}", period=90 * clock.DAY, most=MAX_FAILURES_OF_SECRET)


def of_session(kind: Kind, session_id: str) -> Pool:
    """Return the pool of the tries in one session."""
    return Pool(f"session#{session_id}#{kind}", period=90 * clock.DAY, most=MAX_FAILURES_OF_SECRET)


def must_end(session_id: str) -> bool:
    """Return whether a session has failed ten times, at its password and its factors together. Two reads."""
    items = (LIMITS.get(of_session(kind, session_id).item_key) for kind in get_args(Kind))
    failures: int = sum(item["total"] for item in items if item is not None)
    return failures >= MAX_FAILURES_OF_SECRET


def is_exhausted(pool: Pool) -> bool:
    """Return whether a device or a session has failed too often. One read."""
    item = LIMITS.get(pool.item_key)
    return item is not None and pool.most is not None and item["total"] >= pool.most


def valid_device(tried: str, device_id: str) -> str:
    """Return the id of a device, or "" if there is none or it has failed too often."""
    return device_id if device_id and not is_exhausted(of_device(tried, device_id)) else ""


@dataclass
class Try:
    """One try, counted in the client's own pool and in that of everyone.

    The pool of everyone does not lock a client that the account knows. A session has only its own pool. `failures` is
    the number of tries that the own pool has counted.
    """

    own: Pool
    everyone: Pool | None = None
    is_known: bool = True
    failures: int = 0
    # The other pools that have counted it, and their totals.
    _counted: Sequence[tuple[Pool, int]] = ()

    def start(self) -> bool:
        """Count the try. Return whether it may be checked.

        Tries that are still being checked may turn out to be correct. If they have locked the client's own pool, other
        tries wait for them: otherwise signing in on many devices at once would lock out an honest user. If all have
        failed, other tries do not wait.
        """
        allowed = self._take_own()
        if not allowed or self.everyone is None:
            return allowed
        is_counted, item = _take(self.everyone)
        if is_counted:
            self._counted = ((self.everyone, item["total"]),)
        elif not self.is_known:
            self.fail()
        return is_counted or self.is_known

    def _take_own(self) -> bool:
        for pause in _WAITS:
            allowed, item = _take(self.own)
            self.failures = item["total"]
            is_being_checked = item["tries"] > item["failed"] and item["lockedAt"] + _MAX_CHECK_TIME > clock.now()
            if allowed or not is_being_checked:
                return allowed
            time.sleep(pause)
        return False

    def fail(self) -> None:
        """Record that the try is over: it was wrong, or not checked."""
        _add(self.own, failed=1)

    def succeed(self) -> None:
        """Clear the client's own lock, and take the try back from the pool of everyone: it was correct.

        The failures of the day stay counted, so that an attacker in the owner's network gets no more guesses whenever
        the owner signs in.
        """
        _take_back(self.own, {"total": -1}, reset=_UNLOCKED)
        for pool, _ in self._counted:
            _take_back(pool, {"total": -1, "tries": -1})

    def withdraw(self) -> None:
        """Take the try back from its pools, and the lock that it has caused: it was neither correct nor wrong."""
        counts = {"total": -1, "tries": -1}
        for pool, total in ((self.own, self.failures), *self._counted):
            key = pool.item_key
            # If nobody has tried since, the lock is this try's own.
            alone = Attr("total").eq(total)
            changed, _ = try_update(Update(table=LIMITS, key=key, add=counts, set={"lockedUntil": 0}, when=alone))
            if not changed:
                try_update(Update(table=LIMITS, key=key, add=counts, when=Attr("key").exists()))


def by_client(tried: str, network: str, *, is_known: bool, device_id: str = "") -> Try:
    """Return the try of a client, which may have a `valid_device`. Without one, the account may know its network."""
    if device_id:
        return Try(of_device(tried, device_id), of_everyone(tried))
    return Try(of_network(tried, network), of_everyone(tried), is_known)


_UNLOCKED = {"tries": 0, "failed": 0, "lockedAt": 0, "lockedUntil": 0}


def unlock(pool: Pool) -> None:
    """Let the clients of a pool try again at once. What was counted in the day stays."""
    try_update(Update(table=LIMITS, key=pool.item_key, set=_UNLOCKED, when=Attr("key").exists()))


def _take_back(pool: Pool, counts: Item, *, reset: Item | None = None) -> None:
    """Subtract a correct try from its pool, or delete a pool that has no other. `reset` is set in the same update.

    A device or a session has no failures then.
    """
    if pool.most is not None:
        write(Delete(table=LIMITS, key=pool.item_key))
        return
    # Usually it is the only try of the day. Without an item, the next try takes one write and not two.
    try:
        write(Delete(table=LIMITS, key=pool.item_key, when=Attr("total").eq(1), otherwise=Outdated))
    except Outdated:
        try_update(Update(table=LIMITS, key=pool.item_key, add=counts, set=reset or {}, when=Attr("key").exists()))


def _take(pool: Pool) -> tuple[bool, Item]:
    """Count a try. Return whether it may be checked, and the item of the pool."""
    now = clock.now()
    first = {"tries": 1, "failed": 0, "total": 1, "lockedAt": 0, "lockedUntil": 0}
    first |= {"windowEndsAt": now + _WINDOW, "expiresAt": now + pool.period}
    no_pool = Attr("key").not_exists() | Attr("expiresAt").lte(now)
    changed, item = try_update(Update(table=LIMITS, key=pool.item_key, set=first, when=no_pool))
    # Of the tries at the same time, one changes the item; the others look again at what it has left.
    for _ in range(_ATTEMPTS):
        if changed:
            return True, item
        if item["lockedUntil"] > now or (pool.most is not None and item["total"] >= pool.most):
            return False, item
        same = Attr("total").eq(item["total"]) & Attr("tries").eq(item["tries"])
        same &= Attr("lockedUntil").eq(item["lockedUntil"])
        changed, item = try_update(Update(table=LIMITS, key=pool.item_key, set=_after_another(item, now), when=same))
        item = item or {**first, "lockedAt": now}
    return False, item


def _after_another(item: Item, now: int) -> Item:
    """Return what another try changes in an item that is not locked."""
    is_same_window = item["windowEndsAt"] > now
    tries = item["tries"] + 1 if is_same_window else 1
    total = item["total"] + 1
    changes: Item = {"tries": tries, "total": total, "failed": item["failed"] if is_same_window else 0}
    if tries >= _FIRST_LOCKING_TRY or total > _MANY_PER_DAY:
        doubled = _FIRST_LOCK * 2 ** max(tries - _FIRST_LOCKING_TRY, 0)
        lock = _MAX_LOCK if total > _MANY_PER_DAY else min(doubled, _MAX_LOCK)
        return {**changes, "lockedAt": now, "lockedUntil": now + lock, "windowEndsAt": now + lock + _WINDOW}
    return changes if is_same_window else {**changes, "windowEndsAt": now + _WINDOW}


def _add(pool: Pool, **numbers: int) -> None:
    try_update(Update(table=LIMITS, key=pool.item_key, add=numbers, when=Attr("key").exists()))
