"""Authenticator apps: a secret that is shared with a phone, which computes codes with it (RFC 6238)."""

import uuid
from typing import TYPE_CHECKING, NamedTuple

from shared.core import clock
from shared.core.tables import Item
from shared.records import factor_keys
from shared.values import totp
from shared.values.choices import FactorType

if TYPE_CHECKING:
    from shared.shapes.factors import PublicFactor

# The sort key of an app that waits for its first code. There is one at most, so the next one replaces it.
PENDING = "pending"
# How long it waits.
CONFIRMATION_PERIOD = 10 * clock.MINUTE


class App(NamedTuple):
    """An authenticator app. Times are seconds since 1970.

    `secret` is sealed. `last_step` is the step of the latest accepted code. `confirmed_at` is None until the first one.
    """

    user_id: str
    id: str
    name: str
    secret: bytes
    created_at: int
    confirmed_at: int | None = None
    last_used_at: int | None = None
    last_step: int = 0
    type: FactorType = "totp"

    @property
    def is_valid(self) -> bool:
        """Whether the factor is confirmed, or may still be. DynamoDB deletes late, so the time is checked here."""
        return self.confirmed_at is not None or self.created_at + CONFIRMATION_PERIOD > clock.now()

    @property
    def key(self) -> str:
        """The sort key."""
        return PENDING if self.confirmed_at is None else self.id

    @property
    def context(self) -> str:
        """What the sealed secret is bound to."""
        return f"{self.user_id}|{self.id}"

    def step_of(self, code: str) -> int | None:
        """Return the step of a valid code, used or not, or None."""
        secret = factor_keys.unseal(self.secret, context=self.context)
        return totp.step_of(secret, code, clock.now())

    def public(self) -> "PublicFactor":
        """Return the fields that the user may see."""
        return {
            "id": self.id,
            "type": self.type,
            "name": self.name,
            "createdAt": clock.rfc3339(self.created_at),
            "lastUsedAt": None if self.last_used_at is None else clock.rfc3339(self.last_used_at),
        }

    def item(self) -> Item:
        """Return the item to store."""
        item = {
            "userId": self.user_id,
            "factor": self.key,
            "id": self.id,
            "type": self.type,
            "name": self.name,
            "secret": self.secret,
            "createdAt": self.created_at,
            "confirmedAt": self.confirmed_at,
            "lastUsedAt": self.last_used_at,
            "lastStep": self.last_step,
        }
        return {**item, "expiresAt": self.created_at + CONFIRMATION_PERIOD} if self.confirmed_at is None else item

    @classmethod
    def from_item(cls, item: Item) -> "App":
        """Create a factor from a stored item."""
        return cls(
            user_id=item["userId"],
            id=item["id"],
            name=item["name"],
            secret=item["secret"],
            created_at=item["createdAt"],
            confirmed_at=item["confirmedAt"],
            last_used_at=item["lastUsedAt"],
            last_step=item["lastStep"],
        )


def new(user_id: str, name: str) -> tuple[App, bytes]:
    """Create an unconfirmed app without storing it. Return it and its secret, which is not sealed.

    Raises:
        Unavailable: Secrets Manager is unreachable.

    """
    secret = totp.new_secret()
    app = App(user_id=user_id, id=str(uuid.uuid4()), name=name, secret=b"", created_at=clock.now())
    return app._replace(secret=factor_keys.seal(secret, context=app.context)), secret
