"""Factors: what an account has to present besides its password, and the recovery codes that stand in for one.

`Credential.factors` lists the confirmed ones, so that a sign-in knows without another read whether there are any. Both
change in one transaction. The secret of an authenticator app is sealed, and a recovery code is stored as a keyed
digest: see `shared.records.factor_keys`.

A code is accepted once: its step is stored, and only a later step is accepted (RFC 6238, 5.2).
"""

import base64
import re
import secrets
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from shared.core import clock
from shared.core.conditions import Attr, Key
from shared.core.errors import CodeAlreadyUsed, FactorNotFound
from shared.core.tables import Change, Delete, Item, Put, Table, Update
from shared.records import factor_keys
from shared.values import totp
from shared.values.choices import FactorType

if TYPE_CHECKING:
    from shared.shapes.factors import PublicFactor

FACTORS = Table("factors_table")
# How many an account may have. Together with its sessions, their removal has to fit in one transaction.
MAX_APPS = 5
# How long a new factor waits for its first code.
_CONFIRMATION_PERIOD = 10 * clock.MINUTE
_CODES = 10
# 80 random bits, as 16 characters of base32.
_CODE_SIZE = 10
_GROUP = 4
# The sort key of the recovery codes. The other items have the id of a factor there.
RECOVERY = "recovery"


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
        return self.confirmed_at is not None or self.created_at + _CONFIRMATION_PERIOD > clock.now()

    @property
    def context(self) -> str:
        """What the sealed secret is bound to."""
        return f"{self.user_id}|{self.id}"

    def step_of(self, code: str) -> int | None:
        """Return the step of a valid code, used or not, or None."""
        secret = factor_keys.unseal(self.secret, context=self.context).content
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
            "factor": self.id,
            "type": self.type,
            "name": self.name,
            "secret": self.secret,
            "createdAt": self.created_at,
            "confirmedAt": self.confirmed_at,
            "lastUsedAt": self.last_used_at,
            "lastStep": self.last_step,
        }
        return {**item, "expiresAt": self.created_at + _CONFIRMATION_PERIOD} if self.confirmed_at is None else item

    @classmethod
    def from_item(cls, item: Item) -> "App":
        """Create a factor from a stored item."""
        return cls(
            user_id=item["userId"],
            id=item["factor"],
            name=item["name"],
            secret=item["secret"],
            created_at=item["createdAt"],
            confirmed_at=item["confirmedAt"],
            last_used_at=item["lastUsedAt"],
            last_step=item["lastStep"],
        )


class RecoveryCodes(NamedTuple):
    """The digests of the codes that are left. `key_id` names the key that made them."""

    user_id: str
    digests: Sequence[bytes]
    key_id: str
    generated_at: int

    def position(self, code: str) -> int | None:
        """Return the position of a code, as `normalized`, or None if it is wrong or used."""
        digest = _digest(self.user_id, code, self.key_id)
        return next((position for position, stored in enumerate(self.digests) if stored == digest), None)


class Factors(NamedTuple):
    """All factors of an account. `pending` apps wait for their first code."""

    confirmed: Sequence[App]
    pending: Sequence[App]
    recovery_codes: RecoveryCodes | None

    @property
    def ids(self) -> set[str]:
        """The ids of the factors."""
        return {app.id for app in (*self.confirmed, *self.pending)}

    def added_since(self, moment: int) -> "Factors":
        """Return what was added at this time (seconds since 1970) or later. A pending app always is."""
        codes = self.recovery_codes
        return Factors(
            confirmed=[app for app in self.confirmed if app.confirmed_at is None or app.confirmed_at >= moment],
            pending=self.pending,
            recovery_codes=codes if codes is not None and codes.generated_at >= moment else None,
        )

    @property
    def codes_left(self) -> int:
        """The number of recovery codes that are left."""
        return 0 if self.recovery_codes is None else len(self.recovery_codes.digests)


def of_user(user_id: str) -> Factors:
    """Return a user's factors, oldest first."""
    items = list(FACTORS.query(Key("userId").eq(user_id)))
    apps = [App.from_item(item) for item in items if item["type"] == "totp"]
    apps = sorted((app for app in apps if app.is_valid), key=lambda app: app.created_at)
    codes = [item for item in items if item["type"] == RECOVERY]
    return Factors(
        confirmed=[app for app in apps if app.confirmed_at is not None],
        pending=[app for app in apps if app.confirmed_at is None],
        recovery_codes=_recovery_codes(codes[0]) if codes else None,
    )


def new_app(user_id: str, name: str) -> tuple[App, bytes]:
    """Create an unconfirmed app without storing it. Return it and its secret, which is not sealed.

    Raises:
        Unavailable: Secrets Manager is unreachable.

    """
    secret = totp.new_secret()
    app = App(user_id=user_id, id=str(uuid.uuid4()), name=name, secret=b"", created_at=clock.now())
    return app._replace(secret=factor_keys.seal(secret, context=app.context)), secret


# Changes -------------------------------------------------------------------------------------------


def adding(app: App) -> list[Change]:
    """Return the changes that store a new app."""
    return [Put(table=FACTORS, item=app.item(), when=Attr("factor").not_exists())]


def confirming(app: App, step: int) -> list[Change]:
    """Return the changes that confirm an app with its first code."""
    return [
        Update(
            table=FACTORS,
            key=_key(app),
            set={"confirmedAt": clock.now(), "lastUsedAt": clock.now(), "lastStep": step},
            remove=("expiresAt",),
            when=Attr("confirmedAt").eq(None),
        )
    ]


def using(app: App, step: int) -> list[Change]:
    """Return the changes that record a code, and seal the secret anew if an earlier key has sealed it.

    They fail with `CodeAlreadyUsed` if the code, or one of a later step, was used in the meantime.
    """
    attributes: Item = {"lastUsedAt": clock.now(), "lastStep": step}
    unsealed = factor_keys.unseal(app.secret, context=app.context)
    if unsealed.is_outdated:
        attributes["secret"] = factor_keys.seal(unsealed.content, context=app.context)
    later = Attr("lastStep").lt(step)
    return [Update(table=FACTORS, key=_key(app), set=attributes, when=later, otherwise=CodeAlreadyUsed)]


def renaming(user_id: str, factor_id: str, name: str) -> list[Change]:
    """Return the changes that rename a factor. They fail with `FactorNotFound` if there is none."""
    key = {"userId": user_id, "factor": factor_id}
    return [Update(table=FACTORS, key=key, set={"name": name}, when=Attr("name").exists(), otherwise=FactorNotFound)]


def removing(app: App) -> list[Change]:
    """Return the changes that remove a factor."""
    return [Delete(table=FACTORS, key=_key(app))]


def removing_all(factors: Factors) -> list[Change]:
    """Return the changes that remove all factors of an account, and its recovery codes."""
    apps = [change for app in (*factors.confirmed, *factors.pending) for change in removing(app)]
    return [*apps, *removing_codes(factors.recovery_codes)]


def _key(app: App) -> Item:
    return {"userId": app.user_id, "factor": app.id}


# Recovery codes ------------------------------------------------------------------------------------


def new_codes(user_id: str) -> tuple[list[str], list[Change]]:
    """Create ten recovery codes. Return them, and the changes that store them and void all earlier ones.

    Raises:
        Unavailable: Secrets Manager is unreachable.

    """
    codes = [base64.b32encode(secrets.token_bytes(_CODE_SIZE)).decode() for _ in range(_CODES)]
    key_id = factor_keys.current()
    item = {
        "userId": user_id,
        "factor": RECOVERY,
        "type": RECOVERY,
        "codes": [_digest(user_id, code, key_id) for code in codes],
        "keyId": key_id,
        "generatedAt": clock.now(),
    }
    groups = ([code[start : start + _GROUP] for start in range(0, len(code), _GROUP)] for code in codes)
    return ["-".join(group) for group in groups], [Put(table=FACTORS, item=item)]


def using_code(codes: RecoveryCodes, position: int) -> list[Change]:
    """Return the changes that remove a code that was used."""
    left = [digest for each, digest in enumerate(codes.digests) if each != position]
    unchanged = Attr("codes").eq(list(codes.digests))
    return [Update(table=FACTORS, key=_codes_key(codes.user_id), set={"codes": left}, when=unchanged)]


def removing_codes(codes: RecoveryCodes | None) -> list[Change]:
    """Return the changes that remove the recovery codes, if there are any."""
    return [] if codes is None else [Delete(table=FACTORS, key=_codes_key(codes.user_id))]


def normalized(code: str) -> str:
    """Return a recovery code without what people type around and inside it. It may have any other characters."""
    return re.sub(r"[\s\u2010-\u2015-]", "", code).upper()


def _digest(user_id: str, code: str, key_id: str) -> bytes:
    return factor_keys.digest("recovery-code", f"{user_id}|{code}".encode(), key_id=key_id)


def _codes_key(user_id: str) -> Item:
    return {"userId": user_id, "factor": RECOVERY}


def _recovery_codes(item: Item) -> RecoveryCodes:
    return RecoveryCodes(item["userId"], item["codes"], item["keyId"], item["generatedAt"])
