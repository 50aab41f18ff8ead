"""Responses that have a text for the user instead of data."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from shared.shapes.fields import Secret


class Message(TypedDict):
    """A text for the user."""

    message: Annotated[str, Field(examples=["Your address is confirmed."])]


class RegistrationStarted(Message):
    """A pending registration."""

    registration: Secret
    """Proves at /api/auth/verify-email that it was this client that registered: keep it for 24 hours."""


class SignInRequested(Message):
    """A request to sign in by email."""

    request: Secret
    """Proves at /api/auth/login/email/verify that it was this client that asked: keep it for twenty minutes."""
