"""Profiles."""

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from shared.shapes.fields import Email, Id, Name, Time
from shared.shapes.sessions import PublicSession
from shared.values import details
from shared.values.choices import EmailStatus, Role, Status

if TYPE_CHECKING:
    from shared.values.details import Details
else:
    # On Python 3.11 pydantic needs a TypedDict of typing_extensions, which functions do not import.
    Details = TypedDict("Details", details.Details.__annotations__)


class PublicUser(Details, TypedDict):
    """A profile."""

    id: Id
    name: Name
    email: Email
    role: Role
    status: Status
    """A disabled account cannot sign in."""
    emailVerified: bool
    emailStatus: EmailStatus
    """Whether emails to the address arrive. If they do not, none are sent; signing in is not affected."""
    createdAt: Time
    updatedAt: Time


class Me(TypedDict):
    """The caller's profile and session."""

    user: PublicUser
    session: PublicSession
