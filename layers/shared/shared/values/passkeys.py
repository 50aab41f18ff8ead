"""What a browser sends about a passkey: results of `toJSON()` (WebAuthn Level 3, 5.1), without what nobody reads."""

from typing import Annotated, Literal, NotRequired

from typing_extensions import TypedDict

from shared.values.types import Rule

Id = Annotated[str, Rule(max_length=1364, example="8Yq1CwKHLw0bNn6IoCb1MgAvBvO5yVqPzXQmYtE3n0s")]
"""A credential ID: at most 1023 bytes."""
ClientData = Annotated[str, Rule(max_length=5462, example="eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0")]
Base64url = Annotated[str, Rule(max_length=90_000, example="omNmbXRkbm9uZWdhdHRTdG10oA")]
UserHandle = Annotated[str, Rule(max_length=86, example="C3xaPl8OTFeaMW8vDxydQg")]
Transport = Annotated[str, Rule(max_length=32, pattern="^[a-z-]*$", example="internal")]


class RegistrationData(TypedDict):
    """What the authenticator returned (AuthenticatorAttestationResponseJSON)."""

    clientDataJSON: ClientData
    attestationObject: Base64url
    transports: NotRequired[Annotated[list[Transport], Rule(max_length=10)]]


class RegistrationJson(TypedDict):
    """A new passkey (RegistrationResponseJSON)."""

    id: Id
    rawId: Id
    type: Literal["public-key"]
    response: RegistrationData


class AssertionData(TypedDict):
    """What the authenticator returned (AuthenticatorAssertionResponseJSON)."""

    clientDataJSON: ClientData
    authenticatorData: Base64url
    signature: Base64url
    userHandle: NotRequired[UserHandle | None]


class AssertionJson(TypedDict):
    """A signature with a passkey (AuthenticationResponseJSON)."""

    id: Id
    rawId: Id
    type: Literal["public-key"]
    response: AssertionData
