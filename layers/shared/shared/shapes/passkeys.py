"""Options for passkeys, as browsers read them (WebAuthn Level 3, 5.1: `parse…OptionsFromJSON`)."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from shared.shapes.factors import Confirmed, PublicFactor
from shared.shapes.fields import Email, Name

Base64url = Annotated[str, Field(examples=["C3xaPl8OTFeaMW8vDxydQg"])]
Domain = Annotated[str, Field(examples=["example.com"])]
Milliseconds = Annotated[int, Field(examples=[300000])]


class RelyingParty(TypedDict):
    """The site that passkeys are for."""

    id: Domain
    name: Annotated[str, Field(examples=["Example"])]


class UserEntity(TypedDict):
    """The account, as the browser shows it."""

    id: Base64url
    name: Email
    displayName: Name


class Algorithm(TypedDict):
    """A kind of key that is accepted."""

    type: Literal["public-key"]
    alg: Annotated[int, Field(examples=[-7])]


class Descriptor(TypedDict):
    """A passkey of the account."""

    type: Literal["public-key"]
    id: Base64url
    transports: list[str]


class Selection(TypedDict):
    """What the authenticator must be able to do."""

    residentKey: Literal["required"]
    requireResidentKey: Literal[True]
    userVerification: Literal["required"]


class CreationOptions(TypedDict):
    """PublicKeyCredentialCreationOptionsJSON."""

    rp: RelyingParty
    user: UserEntity
    challenge: Base64url
    pubKeyCredParams: list[Algorithm]
    timeout: Milliseconds
    excludeCredentials: list[Descriptor]
    authenticatorSelection: Selection
    attestation: Literal["none"]
    extensions: dict[str, Any]


class RequestOptions(TypedDict):
    """PublicKeyCredentialRequestOptionsJSON."""

    challenge: Base64url
    rpId: Domain
    allowCredentials: list[Descriptor]
    timeout: Milliseconds
    userVerification: Literal["required"]


class RegisteredPasskey(PublicFactor, Confirmed):
    """A new passkey."""
