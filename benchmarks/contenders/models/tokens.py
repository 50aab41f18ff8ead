"""The response to a sign-in or refresh."""

from models import Model


class SignedInUser(Model):
    """The user of the session."""

    id: str
    email: str
    name: str
    role: str


class SignedIn(Model):
    """The tokens."""

    token: str
    token_type: str
    expires_in: int
    refresh_token: str
    user: SignedInUser
