"""Account activity: a log line for the operators of the API, and a stored entry for the account's owner.

An entry never holds a secret. By default it is kept for 90 days.

If a signed-in user caused the event, the log line and the entry have the id of that user. The owner of the account sees
only whether it was an administrator, never which one, nor that person's IP address and device.
"""

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from shared.core import clock, logs
from shared.core.conditions import Condition, Key
from shared.core.tables import Change, Item, Put, Table, delete_all
from shared.values import emails
from shared.values.choices import Event, Outcome
from shared.values.client import Client

if TYPE_CHECKING:
    from shared.shapes.activity import Difference, PublicEntry

ACTIVITY = Table("activity_table")
RETENTION = 90 * clock.DAY
_MAX_USER_AGENT_LENGTH = 256


class Entry(NamedTuple):
    """A stored event. `position` is its time and a random id, which makes it unique.

    `caller_id` is the id of the signed-in user who caused the event, if any. `changes` are those of a profile: see
    `shared.records.users.differences`.
    """

    position: str
    user_id: str
    event: Event
    outcome: Outcome
    ip: str
    user_agent: str
    caller_id: str
    changes: Sequence[Mapping[str, str]]

    def public(self) -> "PublicEntry":
        """Return the fields that the account's owner may see."""
        is_own = self.caller_id in {"", self.user_id}
        entry: PublicEntry = {
            "at": self.position.partition("#")[0],
            "event": self.event,
            "outcome": self.outcome,
            "ip": self.ip if is_own else "",
            "userAgent": self.user_agent if is_own else "",
        }
        if self.caller_id:
            entry["by"] = "self" if is_own else "admin"
        if self.changes:
            entry["changes"] = [cast("Difference", change) for change in self.changes]
        return entry


def recording(
    event: Event,
    user_id: str,
    client: Client,
    *,
    outcome: Outcome = "success",
    changes: Sequence[Mapping[str, str]] = (),
) -> list[Change]:
    """Return the changes that store an event of a user for 90 days, and log it after the commit."""
    item = _item(event, user_id, client, outcome)
    if changes:
        item["changes"] = changes
    write_line = partial(log, event, client, outcome=outcome, userId=user_id, changes=changes)
    return [Put(table=ACTIVITY, item=item, after_commit=write_line)]


def recording_failure(event: Event, user_id: str | None, client: Client, *, email: str) -> list[Change]:
    """Return the changes that record a failure at an address, which may have no account (`user_id` is None).

    Both cost the same. Without an account, the entry gets an id that belongs to no user, and is kept for an hour only.
    """
    if user_id is not None:
        return recording(event, user_id, client, outcome="failure")
    nobody = str(uuid.uuid5(uuid.NAMESPACE_OID, emails.key(email)))
    item = {**_item(event, nobody, client, "failure"), "expiresAt": clock.now() + clock.HOUR}
    write_line = partial(log, event, client, outcome="failure", userId=nobody)
    return [Put(table=ACTIVITY, item=item, after_commit=write_line)]


def _item(event: Event, user_id: str, client: Client, outcome: Outcome) -> Item:
    item = {
        "userId": user_id,
        "position": f"{clock.timestamp()}#{uuid.uuid4()}",
        "event": event,
        "outcome": outcome,
        "ip": client.ip,
        "userAgent": client.user_agent[:_MAX_USER_AGENT_LENGTH],
        "expiresAt": clock.now() + RETENTION,
    }
    return {**item, "callerId": client.caller_id} if client.caller_id else item


def log(event: Event, client: Client, *, outcome: Outcome = "success", **details: Any) -> None:
    """Write the log line of an event that is not stored, or is stored separately. Empty details are left out."""
    fields = {
        "event": event,
        "outcome": outcome,
        "ip": client.ip,
        "requestId": client.request_id,
        "callerId": client.caller_id,
        **details,
    }
    fields = {name: value for name, value in fields.items() if value}
    logs.logger.info("audit", extra={"fields": fields})


def digest(email: str) -> str:
    """Return the hash that stands for an email address in log lines."""
    return hashlib.sha256(emails.key(email).encode()).hexdigest()[:16]


def newest(user_id: str, limit: int, *, before: str | None = None) -> tuple[list[Entry], str | None]:
    """Return a page of a user's events, newest first, and the position after which the next page starts, or None."""
    condition: Condition = Key("userId").eq(user_id)
    if before is not None:
        condition &= Key("position").lt(before)
    items = islice(ACTIVITY.query(condition, page_size=limit + 1, newest_first=True), limit + 1)
    entries = [_entry(item) for item in items if item["expiresAt"] > clock.now()]
    return entries[:limit], entries[limit - 1].position if len(entries) > limit else None


def of_user(user_id: str) -> Iterator[Entry]:
    """Yield all events of a user, newest first, read page by page."""
    items = ACTIVITY.query(Key("userId").eq(user_id), newest_first=True)
    return (_entry(item) for item in items if item["expiresAt"] > clock.now())


def remove_all(user_id: str) -> Iterator[int]:
    """Delete all entries of a user, in steps. Yield the number of entries after each step: see `tables.delete_all`."""
    return delete_all(ACTIVITY, Key("userId").eq(user_id), key=("userId", "position"))


def _entry(item: Item) -> Entry:
    return Entry(
        position=item["position"],
        user_id=item["userId"],
        event=item["event"],
        outcome=item["outcome"],
        ip=item["ip"],
        user_agent=item["userAgent"],
        caller_id=item.get("callerId", ""),
        changes=item.get("changes", ()),
    )
