"""Form submissions: the entity, and how it is stored and read.

A submission is stored together with the email about it, and with the response to a repeated request.
"""

import uuid
from collections.abc import Mapping
from itertools import islice
from typing import Any, NamedTuple

from shared.core import clock
from shared.core.conditions import Attr, Condition, Key
from shared.core.tables import Item, Put, Table, optimistic, write
from shared.records import outbox
from shared.records.idempotency import Once

SUBMISSIONS = Table("submissions_table")


class Submission(NamedTuple):
    """A submitted form. `fields` has the order of the form, and the names that callers see."""

    form: str
    id: str
    created_at: str
    fields: Mapping[str, Any]

    @property
    def position(self) -> str:
        """The position in the listing: unique, and sorts by time."""
        return f"{self.created_at}#{self.id}"

    def public(self) -> dict[str, Any]:
        """Return the fields that administrators may see."""
        return {"id": self.id, **self.fields, "createdAt": self.created_at}

    def item(self) -> Item:
        """Return the item to store. Fields are stored as pairs, since a map in DynamoDB does not keep its order."""
        pairs = [[name, value] for name, value in self.fields.items()]
        return {"form": self.form, "position": self.position, "fields": pairs}

    @classmethod
    def from_item(cls, item: Item) -> "Submission":
        """Create a submission from a stored item."""
        created_at, _, submission_id = item["position"].partition("#")
        return cls(form=item["form"], id=submission_id, created_at=created_at, fields=dict(item["fields"]))


@optimistic
def submit(form: str, fields: Mapping[str, Any], *, recipient: str, once: Once) -> Item:
    """Store a submission and queue the email to its recipient. Return what the sender may see: the id.

    Each field is a text, a whole number, a boolean, or a list of these.

    Raises:
        IdempotencyKeyReused: the request's key was used with a different request.

    """
    response = once.replay()
    if response is not None:
        return response
    submission = Submission(form=form, id=new_id(), created_at=clock.timestamp(), fields=fields)
    response = {"id": submission.id}
    write(
        once.storing(response),
        Put(table=SUBMISSIONS, item=submission.item(), when=Attr("form").not_exists()),
        outbox.sending("submission", recipient, form=form, position=submission.position),
    )
    return response


def new_id() -> str:
    """Create an id for a submission."""
    return str(uuid.uuid4())


def find(form: str, position: str) -> Submission | None:
    """Return the submission at this position, or None."""
    item = SUBMISSIONS.get({"form": form, "position": position})
    return Submission.from_item(item) if item is not None else None


def of_hour(form: str, hour: str, limit: int) -> list[Submission]:
    """Return the newest submissions of an hour (RFC 3339, up to the hour), newest first."""
    condition = Key("form").eq(form) & Key("position").begins_with(hour)
    items = SUBMISSIONS.query(condition, page_size=limit, newest_first=True)
    return list(map(Submission.from_item, islice(items, limit)))


def newest(form: str, limit: int, *, before: str | None = None) -> tuple[list[Submission], str | None]:
    """Return a page of submissions, newest first, and the position after which the next page starts, or None."""
    condition: Condition = Key("form").eq(form)
    if before is not None:
        condition &= Key("position").lt(before)
    items = islice(SUBMISSIONS.query(condition, page_size=limit + 1, newest_first=True), limit + 1)
    submissions = [Submission.from_item(item) for item in items]
    return submissions[:limit], submissions[limit - 1].position if len(submissions) > limit else None
