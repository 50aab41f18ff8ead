"""The contact form and its response."""

from typing import Annotated

from pydantic import EmailStr, StringConstraints

from models import Model


class Form(Model):
    """A message to the team."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    email: EmailStr
    message: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]


class Stored(Model):
    """The stored submission."""

    id: str


class Reply(Model):
    """The response."""

    success: bool = True
    data: Stored
