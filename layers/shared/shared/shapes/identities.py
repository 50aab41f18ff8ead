"""Providers, and the identities that an account is linked to."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from shared.shapes.fields import Time

ProviderId = Annotated[str, Field(examples=["google"])]


class PublicProvider(TypedDict):
    """A provider to sign in with."""

    id: ProviderId
    name: Annotated[str, Field(examples=["Google"])]


class PublicIdentity(TypedDict):
    """A linked identity. `email` is the address at the provider when it was linked."""

    id: Annotated[str, Field(examples=["9f" * 32])]
    provider: ProviderId
    email: Annotated[str, Field(examples=["ada@example.com"])]
    createdAt: Time
    lastUsedAt: Time


class Departure(TypedDict):
    """Where the browser goes."""

    url: Annotated[str, Field(examples=["https://accounts.google.com/o/oauth2/v2/auth?state=1Yp0mZ"])]


class Nonce(TypedDict):
    """A nonce for an id token, valid once, for ten minutes."""

    nonce: Annotated[str, Field(examples=["1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS2aRzLc4eVh5gKiM"])]
