"""Budgets: how many emails strangers can make the whole stack send in an hour.

Threats. An attacker requests emails to ever other addresses, from ever other networks, so that no limit of an address
or a client applies: the budget bounds the bill, and the harm to the reputation of the sender. An attacker uses the
budget up, so that nobody gets an email: addresses with an account have a budget of their own, which a flood of sign-ups
does not touch, and one network gets at most a twentieth of either.

An email counts when it is about to be handed to a provider, never when it is requested: what is counted for others
must not show in a response. An hour is a fixed window, so around its edge twice as many may be sent. Two writes for
each email, three from IPv6.
"""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from shared.core import clock
from shared.core.conditions import Attr
from shared.core.config import settings
from shared.core.tables import Item, Update, try_update
from shared.records.limits import LIMITS
from shared.values.client import site_of

# Emails to addresses that have an account, and to all others.
Budget: TypeAlias = Literal["accounts", "others"]
BUDGETS: tuple[Budget, ...] = ("accounts", "others")
# Emails an hour about the submissions of a form.
_FORM_EMAILS = 60
_NETWORK_SHARE = 20
# Of an IPv6 network of 48 bits, which has 65,536 networks of 64.
_SITE_SHARE = 2


def take(budget: Budget, network: str) -> bool:
    """Count an email that a client in this network has caused. Return whether its budget allows it."""
    return all(_take_one(key, most) for key, most in _counts(budget, network))


def is_spent(budget: Budget, network: str = "") -> bool:
    """Return whether nothing is left of a budget in this hour, or of this network's share. One read for each count."""
    return any(_used(key) >= most for key, most in _counts(budget, network))


def take_form_email(form: str, hour: str) -> bool:
    """Count an email about a submission of a form in this hour (RFC 3339, up to the hour). Return whether it is sent.

    Otherwise a stranger with a script would bury our own inbox.
    """
    return _take_one(f"form-emails#{form}#{hour}", _FORM_EMAILS, expires_at=clock.now() + clock.DAY)


def _counts(budget: Budget, network: str) -> Iterator[tuple[str, int]]:
    """Yield the keys under which an email is counted, with the most that each allows: shares first, then the whole."""
    most = settings().emails_to_accounts if budget == "accounts" else settings().emails_to_others
    hour = clock.now() // clock.HOUR
    if network:
        yield f"budget#{budget}#{hour}#{network}", max(most // _NETWORK_SHARE, 1)
    if site := site_of(network):
        yield f"budget#{budget}#{hour}#{site}", max(most // _SITE_SHARE, 1)
    yield f"budget#{budget}#{hour}", most


def _take_one(key: str, most: int, *, expires_at: int | None = None) -> bool:
    end = expires_at or (clock.now() // clock.HOUR + 1) * clock.HOUR
    is_left = Attr("count").not_exists() | Attr("count").lt(most)
    update = Update(table=LIMITS, key={"key": key}, set={"expiresAt": end}, add={"count": 1}, when=is_left)
    return try_update(update)[0]


def _used(key: str) -> int:
    item: Item = LIMITS.get({"key": key}) or {"count": 0}
    return int(item["count"])
