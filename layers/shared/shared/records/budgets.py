"""Budgets: how many emails strangers can make the whole stack send in an hour.

Threats. An attacker requests emails to ever other addresses, from ever other networks, so that no limit of an address
or a client applies: the budget bounds the bill, and the harm to the reputation of the sender. An attacker uses the
budget up, so that nobody gets an email: addresses with an account have a budget of their own, which a flood of sign-ups
does not touch, and one network gets at most a twentieth of the smaller budget, for both together. An attacker watches
what becomes of their own emails, to learn which other addresses have an account: the share of a network counts each
queued email on delivery, even if nothing is sent. Refused requests queue none, and do not count.

Everything is counted on delivery, never when it is requested: what is counted for others must not show in a response.
An email counts in its budget when it is about to be handed to a provider. An hour is a fixed window, so around its edge
twice as many may be sent. Two writes for each email, three from IPv6.
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
# Emails an hour about the submissions of a form.
_FORM_EMAILS = 60
# A network gets a twentieth of the smaller budget, and an IPv6 network of 48 bits, which has 65,536 of 64, a half.
_NETWORK_SHARE = 20
_SITE_SHARE = 2


def take(budget: Budget) -> bool:
    """Count an email in its budget. Return whether the budget allows it."""
    return _take_one(*_whole(budget))


def is_spent(budget: Budget) -> bool:
    """Return whether nothing is left of a budget in this hour."""
    return _is_spent(*_whole(budget))


def take_share(network: str) -> bool:
    """Count a queued email in the share of the client's network. Return whether the share allows it."""
    return all(_take_one(key, most) for key, most in _shares(network))


def is_share_spent(network: str) -> bool:
    """Return whether nothing is left of a network's share in this hour."""
    return any(_is_spent(key, most) for key, most in _shares(network))


def take_form_email(form: str, hour: str) -> bool:
    """Count an email about a submission of a form in this hour (RFC 3339, up to the hour). Return whether it is sent.

    Otherwise a stranger with a script would bury our own inbox.
    """
    return _take_one(f"form-emails#{form}#{hour}", _FORM_EMAILS, expires_at=clock.now() + clock.DAY)


def _whole(budget: Budget) -> tuple[str, int]:
    return f"budget#{budget}#{_hour()}", _most(budget)


def _shares(network: str) -> Iterator[tuple[str, int]]:
    most = min(_most("accounts"), _most("others"))
    yield f"budget#{_hour()}#{network}", max(most // _NETWORK_SHARE, 1)
    if site := site_of(network):
        yield f"budget#{_hour()}#{site}", max(most // _SITE_SHARE, 1)


def _most(budget: Budget) -> int:
    return settings().emails_to_accounts if budget == "accounts" else settings().emails_to_others


def _hour() -> int:
    return clock.now() // clock.HOUR


def _take_one(key: str, most: int, *, expires_at: int | None = None) -> bool:
    end = expires_at or (_hour() + 1) * clock.HOUR
    is_left = Attr("count").not_exists() | Attr("count").lt(most)
    update = Update(table=LIMITS, key={"key": key}, set={"expiresAt": end}, add={"count": 1}, when=is_left)
    return try_update(update)[0]


def _is_spent(key: str, most: int) -> bool:
    item: Item = LIMITS.get({"key": key}) or {"count": 0}
    return int(item["count"]) >= most
