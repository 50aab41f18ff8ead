"""Recovery codes, which stand in for the factors of an account. Each is valid once.

They are stored with the factors, in one item, as keyed digests: see `shared.records.factor_keys`.
"""

import base64
import re
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from shared.core import clock
from shared.core.conditions import Attr
from shared.core.tables import Change, Delete, Item, Put, Table, Update
from shared.records import factor_keys

# Also the table of `shared.records.factors`.
FACTORS = Table("factors_table")
# The sort key. Other items have the id of a factor, `pending` or `owner` there.
KEY = "recovery"
_CODES = 10
# 80 random bits, as 16 characters of base32.
_CODE_SIZE = 10
_GROUP = 4


class RecoveryCodes(NamedTuple):
    """The digests of the codes that are left. `key_id` names the key that made them."""

    user_id: str
    digests: Sequence[bytes]
    key_id: str
    generated_at: int

    def position(self, code: str) -> int | None:
        """Return the position of a code, as `normalized`, or None if it is wrong or used."""
        # Keyed digests: timing reveals nothing.
        digest = _digest(self.user_id, code, self.key_id)
        return next((position for position, stored in enumerate(self.digests) if stored == digest), None)

    @classmethod
    def from_item(cls, item: Item) -> "RecoveryCodes":
        """Create recovery codes from a stored item."""
        return cls(item["userId"], item["codes"], item["keyId"], item["generatedAt"])


def new(user_id: str) -> tuple[list[str], list[Change]]:
    """Create ten recovery codes. Return them, and the changes that store them and void all earlier ones.

    Raises:
        Unavailable: Secrets Manager is unreachable.

    """
    codes = [base64.b32encode(secrets.token_bytes(_CODE_SIZE)).decode() for _ in range(_CODES)]
    key_id = factor_keys.current()
    item = {
        "userId": user_id,
        "factor": KEY,
        "type": KEY,
        "codes": [_digest(user_id, code, key_id) for code in codes],
        "keyId": key_id,
        "generatedAt": clock.now(),
    }
    groups = ([code[start : start + _GROUP] for start in range(0, len(code), _GROUP)] for code in codes)
    return ["-".join(group) for group in groups], [Put(table=FACTORS, item=item)]


def using(codes: RecoveryCodes, position: int) -> list[Change]:
    """Return the changes that remove a code that was used."""
    left = [digest for each, digest in enumerate(codes.digests) if each != position]
    unchanged = Attr("codes").eq(list(codes.digests))
    return [Update(table=FACTORS, key=_key(codes.user_id), set={"codes": left}, when=unchanged)]


def removing(codes: RecoveryCodes | None) -> list[Change]:
    """Return the changes that remove the recovery codes, if there are any."""
    return [] if codes is None else [Delete(table=FACTORS, key=_key(codes.user_id))]


def normalized(code: str) -> str:
    """Return a recovery code without what people type around and inside it. It may have any other characters."""
    return re.sub(r"[\s\u2010-\u2015-]", "", code).upper()


def _digest(user_id: str, code: str, key_id: str) -> bytes:
    return factor_keys.digest("recovery-code", f"{user_id}|{code}".encode(), key_id=key_id)


def _key(user_id: str) -> Item:
    return {"userId": user_id, "factor": KEY}
