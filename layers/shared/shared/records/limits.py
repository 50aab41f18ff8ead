"""Limits, counted in DynamoDB: requests of a client, emails to an address, exports of an account.

Threats. An attacker sends requests in parallel to get past a limit: DynamoDB counts atomically, and a request is
counted before it is carried out. An attacker forges another client's address in a header: keys come from the address
that the gateway, or a proxy with a key, reports. An attacker has a whole network of addresses: an IPv6 client is its
network, and ten times as much is allowed to the site that it belongs to. An attacker uses up the emails of an address:
no link voids another, and however many were requested, the owner gets one within the hour.

Requests are counted in windows of fixed length, with one write each. Around the edge of two windows, twice as many may
pass. Emails are counted in sliding windows, with one read and one write, whether or not one is allowed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shared.core import clock
from shared.core.conditions import Attr
from shared.core.config import settings
from shared.core.errors import TooManyRequests
from shared.core.tables import Change, Item, Table, Update, optimistic, try_update, write
from shared.values import emails
from shared.values.client import Client

LIMITS = Table("limits_table")
_WINDOW = clock.MINUTE
_SITE_FACTOR = 10


# Requests of a client ------------------------------------------------------------------------------


class Limit(NamedTuple):
    """At most `most` requests a minute from a client, of which at most `failures` may be wrong, if that is set."""

    name: str
    most: int
    failures: int | None = None

    def take(self, client: Client) -> "Quota":
        """Count one request."""
        now = clock.now()
        window = now - now % _WINDOW
        return Quota(self, client, window, _add(self, client, window, "count"))


SIGN_IN = Limit("sign-in", 60, failures=10)
# Apart from sign-in: other sites can make a browser open the page that begins a sign-in with a provider.
PROVIDERS = Limit("providers", 60)
REGISTER = Limit("register", 5)
FORGOT_PASSWORD = Limit("forgot-password", 5)
RESEND_VERIFICATION = Limit("resend-verification", 5)
EMAIL_SIGN_IN = Limit("email-sign-in", 5)
# What a client may create and change of the records of `make resource`: each write costs units for each index too.
RECORDS = Limit("records", 120)


@dataclass
class Quota:
    """What a client has used of a limit in the minute from `window`. `counts` are those of its network and site."""

    limit: Limit
    client: Client
    window: int
    counts: Sequence[Item]

    def check(self) -> None:
        """Verify that the request, which was counted, is within the limit.

        Raises:
            TooManyRequests: it is not; `retry_after` is the time until the minute ends.

        """
        for count, factor in zip(self.counts, (1, _SITE_FACTOR), strict=False):
            most, failures = (self._scaled(number) * factor for number in (self.limit.most, self.limit.failures or 0))
            if count["count"] > most or (failures and count.get("failed", 0) >= failures):
                raise TooManyRequests(retry_after=self._seconds_left)

    def fail(self) -> None:
        """Count that the request was wrong, if failures are limited."""
        if self.limit.failures is not None:
            self.counts = _add(self.limit, self.client, self.window, "failed")

    def headers(self) -> dict[str, str]:
        """Return what the client may know about its own counts (draft-ietf-httpapi-ratelimit-headers-10)."""
        count = self.counts[0]
        left = [(self.limit.name, self._scaled(self.limit.most), count["count"])]
        if self.limit.failures is not None:
            left.append((f"{self.limit.name}-failures", self._scaled(self.limit.failures), count.get("failed", 0)))
        seconds = self._seconds_left
        return {
            "RateLimit": ", ".join(f'"{name}";r={max(most - used, 0)};t={seconds}' for name, most, used in left),
            "RateLimit-Policy": ", ".join(f'"{name}";q={most};w={_WINDOW}' for name, most, _ in left),
        }

    @property
    def _seconds_left(self) -> int:
        return max(self.window + _WINDOW - clock.now(), 1)

    @staticmethod
    def _scaled(number: int) -> int:
        return number * settings().rate_limit_multiplier


def _add(limit: Limit, client: Client, window: int, attribute: str) -> list[Item]:
    """Add one to an attribute of the counts of a client's network and site. Return the counts."""
    networks = [client.network, client.site] if client.site else [client.network]
    updates = (
        Update(
            table=LIMITS,
            key={"key": f"{limit.name}#{network}#{window}"},
            set={"expiresAt": window + _WINDOW},
            add={attribute: 1},
        )
        for network in networks
    )
    return [try_update(update)[1] for update in updates]


# Exports of an account -----------------------------------------------------------------------------

_PER_EXPORT = clock.HOUR
# Longer than the function may run. So an account has one export at a time, and one that always fails costs little.
_PER_ATTEMPT = 10 * clock.MINUTE


def begin_export(user_id: str) -> None:
    """Count an attempt to export an account: one in ten minutes, and none in the hour after one that was completed.

    Raises:
        TooManyRequests: `retry_after` is the time until the next attempt is allowed.

    """
    now = clock.now()
    attempt = _allowing_export(user_id, now + _PER_ATTEMPT)
    attempt.when = Attr("nextAt").not_exists() | Attr("nextAt").lte(now)
    allowed, stored = try_update(attempt)
    if not allowed:
        raise TooManyRequests(retry_after=max(stored["nextAt"] - now, 1))


def completing_export(user_id: str) -> list[Change]:
    """Return the changes that record that an export was completed."""
    return [_allowing_export(user_id, clock.now() + _PER_EXPORT)]


def _allowing_export(user_id: str, moment: int) -> Update:
    """Return the change that allows the next export at a time (seconds since 1970)."""
    key = {"key": f"exports#{user_id}"}
    return Update(table=LIMITS, key=key, set={"nextAt": moment, "expiresAt": moment})


# Emails --------------------------------------------------------------------------------------------

_MAX_EMAILS_PER_HOUR = 5
# After so many in a day, an address gets one an hour.
_MANY_EMAILS_PER_DAY = 20
_MAX_ADDRESS_CHANGES_PER_DAY = 5
# As many as an account may have, and their removal.
_MAX_FACTOR_CHANGES_PER_DAY = 30


def allow_email(kind: str, email: str) -> int:
    """Count a request for an email that anyone can trigger. Return its number in the last 24 hours, or 0 if refused.

    An address gets one a minute, five an hour and, after 20 in a day, one an hour. Each kind is counted separately, and
    only what is allowed. Otherwise an attacker could use up the limit with a kind that sends nothing, and keep a
    password reset from ever reaching its owner.
    """
    return _grant(f"mail#{kind}#{emails.key(email)}", _allows_another)


def give_back_email(kind: str, email: str, moment: int) -> None:
    """Take back that an email was allowed at about this time: it waits, and must not count against its address."""
    _give_back(f"mail#{kind}#{emails.key(email)}", moment)


def _allows_another(granted: Sequence[int], now: int) -> bool:
    pause = clock.HOUR if len(granted) >= _MANY_EMAILS_PER_DAY else clock.MINUTE
    in_last_hour = [moment for moment in granted if moment > now - clock.HOUR]
    return len(in_last_hour) < _MAX_EMAILS_PER_HOUR and not (granted and granted[-1] > now - pause)


def count_address_change(user_id: str) -> None:
    """Count a request of a user to change the address, which mails an address of their choice: five a day.

    Raises:
        TooManyRequests: there were five in the last 24 hours; `retry_after` is the time until the next is allowed.

    """
    _count(f"address-changes#{user_id}", _MAX_ADDRESS_CHANGES_PER_DAY)


def count_factor_change(user_id: str) -> None:
    """Count a change of a user's factors or identities, which sends a notice: thirty a day.

    A retry of an `optimistic` use case counts again: retries are rare, and a user needs a few of the thirty.

    Raises:
        TooManyRequests: there were thirty in the last 24 hours; `retry_after` is the time until the next is allowed.

    """
    _count(f"factor-changes#{user_id}", _MAX_FACTOR_CHANGES_PER_DAY)


def _count(key: str, most: int) -> None:
    if not _grant(key, lambda granted, _: len(granted) < most):
        first = min(_granted(key, clock.now())[1])
        raise TooManyRequests(retry_after=max(first + clock.DAY - clock.now(), 1))


@optimistic
def _grant(key: str, allows: Callable[[Sequence[int], int], bool]) -> int:
    now = clock.now()
    stored, granted = _granted(key, now)
    item = {"askedAt": now, "expiresAt": now + clock.DAY}
    if not allows(granted, now):
        # Written too: the time must not tell how many others have asked. Without a condition, since it grants nothing.
        write(Update(table=LIMITS, key={"key": key}, set=item))
        return 0
    unchanged = Attr("granted").eq(stored) if stored else Attr("granted").not_exists()
    write(Update(table=LIMITS, key={"key": key}, set={**item, "granted": [*granted, now]}, when=unchanged))
    return len(granted) + 1


@optimistic
def _give_back(key: str, moment: int) -> None:
    stored, _ = _granted(key, clock.now())
    earlier = [each for each in stored if each <= moment]
    if earlier:
        after = list(stored)
        after.remove(earlier[-1])
        unchanged = Attr("granted").eq(stored)
        # Without a moment there is no attribute: see `_grant`.
        change = {"set": {"granted": after}} if after else {"remove": ("granted",)}
        write(Update(table=LIMITS, key={"key": key}, when=unchanged, **change))


def _granted(key: str, now: int) -> tuple[list[int], list[int]]:
    """Return the times at which something was allowed: as stored, and in the last 24 hours."""
    stored: list[int] = (LIMITS.get({"key": key}) or {}).get("granted", [])
    return stored, [moment for moment in stored if moment > now - clock.DAY]
