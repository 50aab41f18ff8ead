"""What was sent in with forms: the entity, how it is stored, and how it is read.

A submission is stored together with the mail that tells of it, and with the answer for a request that comes again.
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
    """One form, filled in. `fields` are in the form's order, by the names that callers see."""

    form: str
    id: str
    created_at: str
    fields: Mapping[str, Any]

    @property
    def position(self) -> str:
        """Give the place in the listing: sorts by time, and is unlike any other's."""
        return f"{self.created_at}#{self.id}"

    def public(self) -> dict[str, Any]:
        """Give what administrators may see."""
        return {"id": self.id, **self.fields, "createdAt": self.created_at}

    def item(self) -> Item:
        """Give what the table holds. Fields are pairs, since DynamoDB keeps no order of a map's."""
        pairs = [[name, value] for name, value in self.fields.items()]
        return {"form": self.form, "position": self.position, "fields": pairs}

    @classmethod
    def from_item(cls, item: Item) -> "Submission":
        """Read what the table holds."""
        created_at, _, submission_id = item["position"].partition("#")
        return cls(form=item["form"], id=submission_id, created_at=created_at, fields=dict(item["fields"]))


@optimistic
def submit(form: str, fields: Mapping[str, Any], *, recipient: str, once: Once) -> Item:
    """Store a filled-in form and decide on the mail to its recipient; give what the sender may know: its id.

    `fields` are text, whole numbers, yes or no, or lists of them.

    Raises:
        IdempotencyKeyReused: the request's key came before, with another request.

    """
    answer = once.replay()
    if answer is not None:
        return answer
    submission = Submission(form=form, id=new_id(), created_at=clock.timestamp(), fields=fields)
    answer = {"id": submission.id}
    write(
        once.storing(answer),
        Put(table=SUBMISSIONS, item=submission.item(), when=Attr("form").not_exists()),
        outbox.sending("submission", recipient, form=form, position=submission.position),
    )
    return answer


def new_id() -> str:
    """Make an id for a submission."""
    return str(uuid.uuid4())


def find(form: str, position: str) -> Submission | None:
    """Give the submission at this position, if it is still there."""
    item = SUBMISSIONS.get({"form": form, "position": position})
    return Submission.from_item(item) if item is not None else None


def newest(form: str, limit: int, *, before: str | None = None) -> tuple[list[Submission], str | None]:
    """Give a page of a form's submissions, newest first, and the position after which the next page starts."""
    condition: Condition = Key("form").eq(form)
    if before is not None:
        condition &= Key("position").lt(before)
    items = islice(SUBMISSIONS.query(condition, page_size=limit + 1, newest_first=True), limit + 1)
    submissions = [Submission.from_item(item) for item in items]
    return submissions[:limit], submissions[limit - 1].position if len(submissions) > limit else None
