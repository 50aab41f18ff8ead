"""Public keys."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

Coordinate = Annotated[str, Field(examples=["f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"])]


class Jwk(TypedDict):
    """A public key (RFC 7517, 4; RFC 7518, 6.2)."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: Coordinate
    y: Coordinate
    kid: Annotated[str, Field(examples=["3f0c2c8a-7a4e-4f0e-9d5b-1f6f0f2f9a11"])]
    use: Literal["sig"]
    alg: Literal["ES256"]


class Jwks(TypedDict):
    """The valid keys (RFC 7517, 5). Tokens name theirs in the header `kid`."""

    keys: list[Jwk]


class OpenidConfiguration(TypedDict):
    """The issuer of access tokens, and its keys (OpenID Connect Discovery 1.0, 3)."""

    issuer: Annotated[str, Field(examples=["https://api.example.com"])]
    jwks_uri: Annotated[str, Field(examples=["https://api.example.com/.well-known/jwks.json"])]
    response_types_supported: list[str]
    subject_types_supported: list[Literal["public"]]
    id_token_signing_alg_values_supported: list[Literal["ES256"]]
