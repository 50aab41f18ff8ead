"""Factors of an account, and recovery codes."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from shared.shapes.fields import Id, Time
from shared.values.choices import FactorType

RecoveryCode = Annotated[str, Field(examples=["MZXW-6YTB-OI4G-K5DT"])]


class PublicFactor(TypedDict):
    """A confirmed factor."""

    id: Id
    type: FactorType
    name: Annotated[str, Field(examples=["My phone"])]
    createdAt: Time
    lastUsedAt: Time | None
    synced: NotRequired[bool]
    """Only of a passkey: whether its owner's other devices have it too."""


class FactorList(TypedDict):
    """The confirmed factors, oldest first, and the number of recovery codes that are left."""

    data: list[PublicFactor]
    recoveryCodes: Annotated[int, Field(examples=[10])]


class NewApp(TypedDict):
    """An authenticator app that waits for its first code, for ten minutes."""

    id: Id
    secret: Annotated[str, Field(examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"])]
    """To type into an app that cannot read the QR code: base32."""
    uri: Annotated[
        str, Field(examples=["otpauth://totp/Example:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"])
    ]
    """To show as a QR code."""


class Confirmed(TypedDict):
    """A factor that was confirmed."""

    recoveryCodes: NotRequired[list[RecoveryCode]]
    """Only with the first factor of the account. They are shown once: each is accepted once, instead of a factor."""


class NewRecoveryCodes(TypedDict):
    """Ten recovery codes. They are shown once."""

    recoveryCodes: list[RecoveryCode]
