"""Security events of an account."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from shared.shapes.fields import IpAddress, Time, UserAgent
from shared.values.choices import Event, Outcome

# `from` is a word of Python.
Difference = TypedDict(
    "Difference",
    {"field": Annotated[str, Field(examples=["role"])], "from": NotRequired[str], "to": NotRequired[str]},
)
"""A changed field of the profile. Only a role and a status have their values: others are personal data."""


class PublicEntry(TypedDict):
    """A security event."""

    at: Time
    event: Event
    outcome: Outcome
    ip: IpAddress
    """Empty if an administrator caused the event."""
    userAgent: UserAgent
    """Empty if an administrator caused the event."""
    by: NotRequired[Literal["self", "admin"]]
    """Who caused the event, if somebody signed in did."""
    changes: NotRequired[list[Difference]]
