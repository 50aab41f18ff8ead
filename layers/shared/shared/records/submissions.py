"""Form submissions: the entity, and how it is stored and read.

A submission is stored together with the email about it, and with the response to a repeated request.
"""

import secrets
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from shared.core import clock
from shared.core.conditions import Attr, Key
from shared.core.tables import Item, Put, Table, optimistic, write
from shared.records import outbox, shards
from shared.records.idempotency import Once

if TYPE_CHECKING:
    from shared.shapes.submissions import PublicSubmission, SubmissionId

SUBMISSIONS = Table("submissions_table")
# The key of a shard is the name of the form and one of these. The first is empty, because submissions that were stored
# before there were shards have the name alone.
_SHARDS = ("", "#1", "#2", "#3")


class Submission(NamedTuple):
    """A submitted form, stored in a shard. `fields` has the order of the form, and the names that callers see."""

    shard: str
    id: str
    created_at: str
    fields: Mapping[str, Any]

    @property
    def form(self) -> str:
        """The name of the form."""
        return self.shard.partition("#")[0]

    @property
    def position(self) -> str:
        """The position in the listing: unique, and sorts by time."""
        return f"{self.created_at}#{self.id}"

    @property
    def key(self) -> dict[str, str]:
        """The key of the item."""
        return {"form": self.shard, "position": self.position}

    def public(self) -> "PublicSubmission":
        """Return the fields that administrators may see."""
        # mypy does not know the fields of a form.
        return cast("PublicSubmission", {"id": self.id, **self.fields, "createdAt": self.created_at})

    def item(self) -> Item:
        """Return the item to store. Fields are stored as pairs, since a map in DynamoDB does not keep its order."""
        pairs = [[name, value] for name, value in self.fields.items()]
        return {**self.key, "fields": pairs}

    @classmethod
    def from_item(cls, item: Item) -> "Submission":
        """Create a submission from a stored item."""
        created_at, _, submission_id = item["position"].partition("#")
        return cls(shard=item["form"], id=submission_id, created_at=created_at, fields=dict(item["fields"]))


@optimistic
def submit(form: str, fields: Mapping[str, Any], *, recipient: str, once: Once) -> "SubmissionId":
    """Store a submission and queue the email to its recipient. Return what the sender may see: the id.

    Each field is a text, a whole number, a boolean, or a list of these.

    Raises:
        IdempotencyKeyReused: the request's key was used with a different request.

    """
    response: SubmissionId | None = once.replay()
    if response is not None:
        return response
    shard = secrets.choice(_shards_of(form))
    submission = Submission(shard=shard, id=new_id(), created_at=clock.timestamp(), fields=fields)
    response = {"id": submission.id}
    write(
        once.storing(response),
        Put(table=SUBMISSIONS, item=submission.item(), when=Attr("form").not_exists()),
        outbox.sending("submission", recipient, **submission.key),
    )
    return response


def new_id() -> str:
    """Create an id for a submission."""
    return str(uuid.uuid4())


def find(shard: str, position: str) -> Submission | None:
    """Return the submission with this key, or None."""
    item = SUBMISSIONS.get({"form": shard, "position": position})
    return Submission.from_item(item) if item is not None else None


def of_hour(form: str, hour: str, limit: int) -> list[Submission]:
    """Return the newest submissions of an hour (RFC 3339, up to the hour), newest first."""
    conditions = [Key("form").eq(shard) & Key("position").begins_with(hour) for shard in _shards_of(form)]
    return list(map(Submission.from_item, shards.first(SUBMISSIONS, conditions, limit)))


def newest(form: str, limit: int, *, before: str | None = None) -> tuple[list[Submission], str | None]:
    """Return a page of submissions, newest first, and the position after which the next page starts, or None."""
    conditions = [Key("form").eq(shard) for shard in _shards_of(form)]
    found, position = shards.page(SUBMISSIONS, conditions, limit, after=before)
    return list(map(Submission.from_item, found)), position


def _shards_of(form: str) -> list[str]:
    return [form + suffix for suffix in _SHARDS]
