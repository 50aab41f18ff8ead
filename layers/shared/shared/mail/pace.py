"""The pace of a provider: how fast all execution environments together may call it.

A provider that throttles is working, but takes only so many emails a second, and does not say how many. So from the
first throttle on, each call takes the next slot of a schedule in DynamoDB, and waits for it. How far apart the slots
are is learned from the answers, in windows of a second or ten slots: after one with throttles, the schedule asks
for a tenth more than the provider has accepted in it, and otherwise for half as much again as before. A tenth more than
it takes keeps the provider busy all the time, at the price of one throttled call in ten.

While no provider throttles, nothing is stored or read.
"""

import threading
import time
from contextlib import suppress
from typing import Any

from shared.core.conditions import Attr
from shared.core.errors import Unavailable
from shared.core.tables import Item, Update, try_update
from shared.records.limits import LIMITS

# Times are in microseconds: slots may be a few milliseconds apart.
_SECOND = 1_000_000
# The slots before anything is known: 200 a second.
_FIRST_INTERVAL = _SECOND // 200
_SHORTEST_INTERVAL, _LONGEST_INTERVAL = 100, 60 * _SECOND
_SHORTEST_WINDOW, _SLOTS_PER_WINDOW = _SECOND, 10
_LONGEST_GAP = 5 * _SECOND
# With slots as close as this, the counts are stored together with the next slot, which saves a write.
_COUNTED_LATER = _SECOND // 20
# How long an environment follows the schedule after a throttle that it has seen.
_ACTIVE = 60 * _SECOND
# The longest wait for a turn, in seconds. An email that would wait longer is postponed.
MAX_WAIT = 10
# Slots are taken at most so long in advance: their distance may be wrong by the time they come.
_AHEAD = 3 * _SECOND
# No slot is farther away, since one is taken at most _AHEAD in advance.
_FARTHEST = _AHEAD + 2 * _LONGEST_INTERVAL
# How often somebody else may be faster, before a caller gives up.
_MAX_ROUNDS = 100
# A slow provider saves up hardly any unused calls: if a throttled call waited for the next slot, what the provider
# could take until then would be lost. So it is repeated after a thirtieth of the interval, at most 15 times, and then
# takes a slot.
_SLOW_INTERVAL = _SECOND * 2 // 5
_REPEATS, _REPEAT_SHARE = 15, 30
_RETENTION = 3600


class Behind(Exception):
    """More calls wait for a slot than the provider takes within `MAX_WAIT`."""


class Pace:
    """The schedule of one provider, as this environment knows it."""

    def __init__(self, provider: str) -> None:
        self._key = {"key": f"pace#{provider}"}
        self._lock = threading.Lock()
        self._active_until = 0
        self._schedule: Item = {}
        # The answers since the last slot was taken, which are stored with the next.
        self._accepted = self._throttled = 0

    def is_behind(self) -> bool:
        """Return whether no slot was left when this environment last asked, and none has become free since."""
        now = _now()
        return now < self._active_until and self._schedule.get("next", 0) >= now + _AHEAD

    def wait(self, repeats: int = 0) -> None:
        """Wait for the next slot, if the provider has throttled lately. `repeats` counts earlier calls for this email.

        Raises:
            Behind: there is none within `MAX_WAIT`.
            Unavailable: the schedule cannot be read.

        """
        if _now() >= self._active_until:
            return
        interval = self._schedule["interval"]
        if interval > _SLOW_INTERVAL and repeats % (_REPEATS + 1):
            sleep(interval / _REPEAT_SHARE / _SECOND)
            return
        pause = self._take_slot() - _now()
        if pause > 0:
            sleep(pause / _SECOND)

    def count_accepted(self) -> None:
        """Count that the provider has answered a call, and not throttled it."""
        with self._lock:
            self._accepted += 1
        self._store_if_slow()

    def count_throttled(self) -> None:
        """Count that the provider has throttled a call, and follow the schedule from now on."""
        now = _now()
        if now >= self._active_until:
            # Read the schedule, or begin one if there is none.
            new = {"next": now, **_window(now, _FIRST_INTERVAL)}
            self._schedule = self._update(set=new, when=Attr("interval").not_exists())[1]
            with self._lock:
                # What was accepted before belongs to no window.
                self._accepted = 0
        with self._lock:
            self._throttled += 1
            self._active_until = now + _ACTIVE
        self._store_if_slow()

    def _store_if_slow(self) -> None:
        """Store the counts now, if the next slot may be seconds away: perhaps in another window."""
        if _now() >= self._active_until or self._schedule["interval"] <= _COUNTED_LATER:
            return
        # An email that the provider has accepted must not fail because it could not be counted.
        with suppress(Unavailable):
            stored, schedule = self._update(add=self._take_counts(), when=Attr("interval").exists())
            if stored:
                self._schedule = schedule

    def _take_counts(self) -> dict[str, int]:
        with self._lock:
            counts = {"accepted": self._accepted, "throttled": self._throttled}
            self._accepted = self._throttled = 0
            return counts

    def _take_slot(self) -> int:
        """Return the time of the next free slot, which nobody else gets."""
        counts = self._take_counts()
        try:
            return self._find_slot(counts)
        except (Behind, Unavailable):
            # They were not stored: the next slot takes them along.
            with self._lock:
                self._accepted += counts["accepted"]
                self._throttled += counts["throttled"]
            raise

    def _find_slot(self, counts: dict[str, int]) -> int:
        schedule = self._schedule
        give_up_at = _now() + MAX_WAIT * _SECOND
        for _ in range(_MAX_ROUNDS):
            now = _now()
            if schedule["ends"] <= now:
                schedule = self._begin_window(schedule, now)
            interval, following = int(schedule["interval"]), int(schedule["next"])
            if following > now + _FARTHEST:
                # Taken by an environment whose clock was ahead.
                schedule = self._update(set={"next": now, **_window(now, interval)}, when=Attr("next").eq(following))[1]
                continue
            if following >= now + _AHEAD:
                self._schedule = schedule
                free_at = following - _AHEAD + interval
                if now >= give_up_at or free_at > give_up_at + _AHEAD:
                    break
                sleep((free_at - now) / _SECOND)
                continue
            if following > now:
                in_time = Attr("next").gt(now) & Attr("next").lt(now + _AHEAD)
                taken, schedule = self._update(add={"next": interval, **counts}, when=in_time)
                slot = int(schedule.get("next", 0)) - interval
            else:
                # The slots up to now have passed unused.
                taken, schedule = self._update(
                    set={"next": now + interval}, add=counts, when=Attr("next").eq(following)
                )
                slot = now
            if taken:
                self._schedule = schedule
                return slot
        raise Behind

    def _begin_window(self, schedule: Item, now: int) -> Item:
        """Set the interval by the answers of the window that has ended, unless another environment was faster.

        Returns the schedule.
        """
        interval, length, accepted = schedule["interval"], now - schedule["begins"], schedule["accepted"]
        # If nobody has called for a while, the counts say nothing.
        if now <= schedule["ends"] + _LONGEST_GAP:
            # One more than were counted: of a few, the next might have been just about to be accepted.
            interval = length * 10 // ((accepted + 1) * 11) if schedule["throttled"] else interval * 2 // 3
        interval = min(max(interval, _SHORTEST_INTERVAL), _LONGEST_INTERVAL)
        return self._update(set=_window(now, interval), when=Attr("ends").eq(schedule["ends"]))[1]

    def _update(self, **change: Any) -> tuple[bool, Item]:
        return try_update(Update(table=LIMITS, key=self._key, **change))


def _window(now: int, interval: int) -> Item:
    length = max(_SHORTEST_WINDOW, _SLOTS_PER_WINDOW * interval)
    counts = {"accepted": 0, "throttled": 0}
    return {
        "interval": interval,
        "begins": now,
        "ends": now + length,
        **counts,
        "expiresAt": now // _SECOND + _RETENTION,
    }


def _now() -> int:
    return int(time.time() * _SECOND)


def sleep(seconds: float) -> None:
    """Wait. Tests, whose clock stands still, replace this."""
    time.sleep(seconds)
