"""Rate limits and the account lock, counted in DynamoDB.

Threats. An attacker sends requests in parallel to get past a limit: DynamoDB counts atomically, and an attempt is
counted before it is carried out. An attacker forges another client's address in a header: keys come from the address
that the gateway reports and from the request's input, never from a header. An attacker has a whole network of
addresses: an IPv6 client is identified by its network (the first 64 bits), since one customer has it all (RFC 6177).

A rate limit counts in windows of fixed length, with one write per check. Around the edge of two windows, twice as many
requests may pass. The account lock is exact.
"""

import time
from ipaddress import IPv6Address, IPv6Network
from typing import NamedTuple

from shared.core import clock
from shared.core.conditions import Attr
from shared.core.config import settings
from shared.core.errors import TooManyRequests
from shared.core.tables import Change, Delete, Item, Table, Update, try_update
from shared.values import emails

LIMITS = Table("limits_table")


class Limit(NamedTuple):
    """At most `most` requests in `seconds` seconds, for each key."""

    name: str
    most: int
    seconds: int = clock.MINUTE

    def take(self, key: str) -> None:
        """Count one request for this key.

        Raises:
            TooManyRequests: the limit is exceeded; `retry_after` is the time until the window ends.

        """
        now = clock.now()
        window = now - now % self.seconds
        end = window + self.seconds
        _, item = try_update(
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
_EMAIL = Limit("mail", 1)


def network(ip: str) -> str:
    """Return what identifies a client in a limit's key: its IPv4 address, or its IPv6 network."""
    if ":" not in ip:
        return ip
    address = IPv6Address(ip.partition("%")[0])
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, 64), strict=False))


def allow_email(kind: str, email: str) -> bool:
    """Count a request for an email that anyone can trigger. Return whether it may be sent: once a minute per address.

    Each kind is counted separately. Otherwise an attacker could use up the minute with a kind that sends nothing, and
    keep a password reset from ever reaching its owner.
    """
    try:
        _EMAIL.take(f"{kind}#{emails.key(email)}")
    except TooManyRequests:
        return False
    return True


# The account lock ----------------------------------------------------------------------------------

_FIRST_LOCKING_ATTEMPT = 5
_LOCK_WINDOW = 15 * clock.MINUTE
_FIRST_LOCK = 30
_MAX_LOCK = 15 * clock.MINUTE
# The longest time that the check of a password takes, in seconds, and the pauses of attempts that wait for it.
_MAX_CHECK_TIME = 3
_WAITS = (0.1, 0.2, 0.3, 0.5, 0.5, 1, 1, 1, 1)


def start_attempt(email: str) -> bool:
    """Count an attempt at a password, whether or not the account exists. Return whether the password may be checked.

    Four attempts within 15 minutes may fail without a lock. The fifth and each later one locks the account before its
    password is checked: for 30 seconds, then twice as long each time, up to 15 minutes. Of several such attempts at the
    same time, only one is checked.

    Attempts that are still being checked may turn out to be correct. If they have locked the account, other attempts
    wait for them: otherwise signing in on many devices at once would lock out an honest user. If all have failed, other
    attempts do not wait.
    """
    for pause in _WAITS:
        allowed, item = _count_attempt(email)
        being_checked = item["tries"] > item["failed"] and item["lockedAt"] + _MAX_CHECK_TIME > clock.now()
        if allowed or not being_checked:
            return allowed
        time.sleep(pause)
    return False


def _count_attempt(email: str) -> tuple[bool, Item]:
    """Count an attempt. Return whether its password may be checked, and the item that counts the account's attempts."""
    now = clock.now()
    key = _lock_key(email)
    first = {"tries": 1, "failed": 0, "lockedAt": 0, "lockedUntil": 0, "expiresAt": now + _LOCK_WINDOW}
    no_window = Attr("key").not_exists() | Attr("expiresAt").lte(now)
    started, item = try_update(Update(table=LIMITS, key=key, set=first, when=no_window))
    if started:
        return True, item
    unlocked = Attr("lockedUntil").lte(now)
    allowed, item = try_update(Update(table=LIMITS, key=key, add={"tries": 1}, when=unlocked))
    if allowed and item["tries"] < _FIRST_LOCKING_ATTEMPT:
        return True, item
    if allowed:
        lock = min(_FIRST_LOCK * 2 ** (item["tries"] - _FIRST_LOCKING_ATTEMPT), _MAX_LOCK)
        locked = {"lockedAt": now, "lockedUntil": now + lock, "expiresAt": now + lock + _LOCK_WINDOW}
        still_unlocked = Attr("lockedUntil").eq(item["lockedUntil"])
        allowed, item = try_update(Update(table=LIMITS, key=key, set=locked, when=still_unlocked))
    # Without an item, a sign-in has just succeeded and cleared all attempts.
    return allowed, item or {**first, "lockedAt": now}


def record_failure(email: str) -> None:
    """Record that the password of an attempt was checked and was wrong."""
    try_update(Update(table=LIMITS, key=_lock_key(email), add={"failed": 1}, when=Attr("key").exists()))


def unlocking(email: str) -> list[Change]:
    """Return the changes that clear the attempts at an account's password, and so its lock."""
    return [Delete(table=LIMITS, key=_lock_key(email))]


def _lock_key(email: str) -> Item:
    return {"key": f"lock#{emails.key(email)}"}
