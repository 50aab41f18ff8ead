"""Limits: how often something may be asked for, counted in DynamoDB.

Threats. Somebody sends more than one request at a time to slip under a count: DynamoDB counts atomically, and a try is
counted before it is carried out. Somebody writes another's address into a header: keys come from the gateway's word on
the client and from what is asked for, never from a header. Somebody has a whole network of addresses: of IPv6 only the
network (the first 64 bits) counts, since one customer has it all (RFC 6177).

A request limit counts in windows of fixed length, at one write a check; at the edge of two windows twice as many may
pass. The account lock is exact.
"""

import time
from ipaddress import IPv6Address, IPv6Network
from typing import NamedTuple

from shared.core import clock
from shared.core.conditions import Attr
from shared.core.config import settings
from shared.core.errors import TooManyRequests
from shared.core.tables import Change, Delete, Item, Table, Update, update
from shared.values import emails

LIMITS = Table("limits_table")


class Limit(NamedTuple):
    """So many times in so many seconds, for each key."""

    name: str
    most: int
    seconds: int = clock.MINUTE

    def take(self, key: str) -> None:
        """Count one more for this key.

        Raises:
            TooManyRequests: there have been enough; says when there is room again.

        """
        now = clock.now()
        window = now - now % self.seconds
        end = window + self.seconds
        _, item = update(
            Update(
                table=LIMITS,
                key={"key": f"{self.name}#{key}#{window}"},
                set={"expiresAt": end},
                add={"count": 1},
            )
        )
        if item["count"] > self.most * settings().rate_limit_multiplier:
            raise TooManyRequests(retry_after=end - now)


LOGIN = Limit("login", 10)
REGISTER = Limit("register", 5)
FORGOT_PASSWORD = Limit("forgot-password", 5)
RESEND_VERIFICATION = Limit("resend-verification", 5)
_MAIL = Limit("mail", 1)


def network(ip: str) -> str:
    """Give what stands for a client in a limit's key: its IPv4 address, or its IPv6 network."""
    if ":" not in ip:
        return ip
    address = IPv6Address(ip.partition("%")[0])
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, 64), strict=False))


def allow_email(kind: str, email: str) -> bool:
    """Count a mail that anybody can cause to be sent to this address; say whether it may go, which is once a minute.

    Each kind counts on its own. Otherwise anybody could use up the minute with a kind that comes to nothing, and keep
    a link to choose a new password from ever being sent to its owner.
    """
    try:
        _MAIL.take(f"{kind}#{emails.key(email)}")
    except TooManyRequests:
        return False
    return True


# The account lock ----------------------------------------------------------------------------------

_FREE_TRIES = 5
_LOCK_WINDOW = 15 * clock.MINUTE
_SHORTEST_LOCK = 30
_LONGEST_LOCK = 15 * clock.MINUTE
# How long a password takes to check at the most, and how long others wait for it, in seconds.
_CHECK_TIME = 3
_PAUSES = (0.1, 0.2, 0.3, 0.5, 0.5, 1, 1, 1, 1)


def try_password(email: str) -> bool:
    """Count a try at an account's password, known or not; say whether it may be checked.

    Four tries may fail freely within 15 minutes. The fifth, and each one after it, locks the account before it is
    checked: for 30 seconds, then twice as long each time, up to 15 minutes; of several at once only one is checked.

    Tries that are just being checked may turn out right: an account that is locked because of them is waited for, or
    signing in on many devices at once would lock an honest user out. Where all have failed there is no waiting.
    """
    for pause in _PAUSES:
        allowed, item = _try_now(email)
        being_checked = item["tries"] > item["failed"] and item["lockedAt"] + _CHECK_TIME > clock.now()
        if allowed or not being_checked:
            return allowed
        time.sleep(pause)
    return False


def _try_now(email: str) -> tuple[bool, Item]:
    """Count a try; say whether it may be checked, and give the account's tries as they are then."""
    now = clock.now()
    key = _lock_key(email)
    fresh = {"tries": 1, "failed": 0, "lockedAt": 0, "lockedUntil": 0, "expiresAt": now + _LOCK_WINDOW}
    over = Attr("key").not_exists() | Attr("expiresAt").lte(now)
    started, item = update(Update(table=LIMITS, key=key, set=fresh, when=over))
    if started:
        return True, item
    unlocked = Attr("lockedUntil").lte(now)
    counted, item = update(Update(table=LIMITS, key=key, add={"tries": 1}, when=unlocked))
    if counted and item["tries"] < _FREE_TRIES:
        return True, item
    if counted:
        lock = min(_SHORTEST_LOCK * 2 ** (item["tries"] - _FREE_TRIES), _LONGEST_LOCK)
        locking = {"lockedAt": now, "lockedUntil": now + lock, "expiresAt": now + lock + _LOCK_WINDOW}
        nobody_else = Attr("lockedUntil").eq(item["lockedUntil"])
        counted, item = update(Update(table=LIMITS, key=key, set=locking, when=nobody_else))
    # Without an item somebody has just signed in, and all tries are forgotten.
    return counted, item or {**fresh, "lockedAt": now}


def record_failure(email: str) -> None:
    """Note that a try was checked and was wrong."""
    update(Update(table=LIMITS, key=_lock_key(email), add={"failed": 1}, when=Attr("key").exists()))


def unlocking(email: str) -> list[Change]:
    """Give the change that forgets the tries at an account's password."""
    return [Delete(table=LIMITS, key=_lock_key(email))]


def _lock_key(email: str) -> Item:
    return {"key": f"lock#{emails.key(email)}"}
