"""A user as callers see it."""

from models import Model


class User(Model):
    """A profile."""

    id: str
    name: str
    email: str
    role: str
    status: str
    email_verified: bool
    email_status: str
    created_at: str
    updated_at: str
