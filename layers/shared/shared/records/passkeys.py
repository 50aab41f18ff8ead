"""Passkeys: the public keys with which a user's devices sign in (WebAuthn Level 3)."""

import hashlib
import uuid
from typing import TYPE_CHECKING, NamedTuple

from shared.core import clock
from shared.core.tables import Item
from shared.values import base64url
from shared.values.choices import FactorType

if TYPE_CHECKING:
    from shared.shapes.factors import PublicFactor
    from shared.shapes.passkeys import Descriptor


class Passkey(NamedTuple):
    """A passkey. Times are seconds since 1970.

    `public_key` is a COSE key, and `sign_count` the authenticator's counter, 0 if it does not count. `backup_eligible`:
    it can be synced; `backed_up`: it is. `suspected_at` is when a clone was noticed, or 0.
    """

    user_id: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    backup_eligible: bool
    backed_up: bool
    aaguid: str
    transports: tuple[str, ...]
    name: str
    created_at: int
    last_used_at: int | None = None
    suspected_at: int = 0
    type: FactorType = "passkey"

    @property
    def id(self) -> str:
        """The id of the factor, which follows from the credential's."""
        return id_of(self.credential_id)

    @property
    def key(self) -> str:
        """The sort key."""
        return self.id

    @property
    def confirmed_at(self) -> int:
        """When it became a factor. A passkey is confirmed by its registration."""
        return self.created_at

    def public(self) -> "PublicFactor":
        """Return the fields that the user may see."""
        return {
            "id": self.id,
            "type": self.type,
            "name": self.name,
            "createdAt": clock.rfc3339(self.created_at),
            "lastUsedAt": None if self.last_used_at is None else clock.rfc3339(self.last_used_at),
            "synced": self.backed_up,
        }

    def item(self) -> Item:
        """Return the item to store."""
        return {
            "userId": self.user_id,
            "factor": self.id,
            "type": self.type,
            "name": self.name,
            "credentialId": self.credential_id,
            "publicKey": self.public_key,
            "signCount": self.sign_count,
            "backupEligible": self.backup_eligible,
            "backedUp": self.backed_up,
            "aaguid": self.aaguid,
            "transports": list(self.transports),
            "createdAt": self.created_at,
            "lastUsedAt": self.last_used_at,
            "suspectedAt": self.suspected_at,
        }

    @classmethod
    def from_item(cls, item: Item) -> "Passkey":
        """Create a passkey from a stored item."""
        return cls(
            user_id=item["userId"],
            credential_id=item["credentialId"],
            public_key=item["publicKey"],
            sign_count=item["signCount"],
            backup_eligible=item["backupEligible"],
            backed_up=item["backedUp"],
            aaguid=item["aaguid"],
            transports=tuple(item["transports"]),
            name=item["name"],
            created_at=item["createdAt"],
            last_used_at=item["lastUsedAt"],
            suspected_at=item["suspectedAt"],
        )


def id_of(credential_id: bytes) -> str:
    """Return the id of the factor that has this credential: the first 128 bits of its hash, as a UUID."""
    return str(uuid.UUID(bytes=hashlib.sha256(credential_id).digest()[:16]))


def descriptor(passkey: Passkey) -> "Descriptor":
    """Return what names the passkey to a browser (PublicKeyCredentialDescriptorJSON; WebAuthn Level 3, 5.8.3)."""
    return {
        "type": "public-key",
        "id": base64url.encode(passkey.credential_id),
        "transports": list(passkey.transports),
    }
