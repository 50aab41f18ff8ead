"""Sessions, and the tokens that a sign-in brings."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from shared.shapes.fields import Email, Id, IpAddress, Name, Secret, Time, UserAgent
from shared.values.choices import Role


class PublicSession(TypedDict):
    """A device that is signed in."""

    id: Id
    createdAt: Time
    lastUsedAt: Time
    """When it was last refreshed."""
    expiresAt: Time
    ip: IpAddress
    userAgent: UserAgent
    amr: Annotated[list[str], Field(examples=[["pwd", "otp", "mfa"]])]
    """How the user proved who they are (RFC 8176)."""
    aal: Literal[1, 2]
    """The assurance level (NIST SP 800-63B): 2 if a factor was proved."""
    current: bool
    """Whether it is the session of this call."""


class SignedInUser(TypedDict):
    """The user of a session."""

    id: Id
    email: Email
    name: Name
    role: Role


class Tokens(TypedDict):
    """The tokens of a session (RFC 6749, 5.1, with the names that front ends expect)."""

    token: Annotated[str, Field(examples=["eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Ij…"])]
    """The access token, a JWT: send it as `Authorization: Bearer …`."""
    tokenType: Literal["Bearer"]
    expiresIn: Annotated[int, Field(examples=[3600])]
    """How long the access token is valid, in seconds."""
    refreshToken: Secret
    """Brings the next tokens at /api/auth/refresh, and is replaced by it."""
    device: Secret
    """Send it with the next sign-in from this device, so that an attacker's wrong passwords do not lock it out."""
    user: SignedInUser
