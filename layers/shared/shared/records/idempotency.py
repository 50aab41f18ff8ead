"""Requests that may be sent twice and must be carried out once (IETF draft-ietf-httpapi-idempotency-key-header).

The answer is stored in the same transaction as what it tells of. There is no moment at which a request is half done,
so nothing to lock and nothing to clean up after a crash: a second request finds the answer or does the work.
"""

import hashlib
import json
from typing import Any, NamedTuple

from shared.core import clock
from shared.core.conditions import Attr
from shared.core.errors import IdempotencyKeyReused
from shared.core.tables import Change, Item, Put, Table

IDEMPOTENCY = Table("idempotency_table")
_KEPT = clock.DAY


class Once(NamedTuple):
    """A request that is to be carried out once. Without a `key` it is carried out each time."""

    operation: str
    caller_id: str
    key: str
    request: Any
    """What was asked for, as JSON can say it: the same key with another request is a mistake of the caller's."""

    def replay(self) -> Item | None:
        """Give the answer of an earlier time, if there was one in the last 24 hours.

        Raises:
            IdempotencyKeyReused: the key came with another request.

        """
        item = IDEMPOTENCY.get({"key": self._storage_key()}) if self.key else None
        if item is None or item["expiresAt"] <= clock.now():
            return None
        if item["request"] != self._fingerprint():
            raise IdempotencyKeyReused
        answer: Item = item["answer"]
        return answer

    def storing(self, answer: Item) -> list[Change]:
        """Give the change that stores the answer; it fails as `Outdated` if the same request was faster."""
        if not self.key:
            return []
        item = {
            "key": self._storage_key(),
            "request": self._fingerprint(),
            "answer": answer,
            "expiresAt": clock.now() + _KEPT,
        }
        free = Attr("key").not_exists() | Attr("expiresAt").lte(clock.now())
        return [Put(table=IDEMPOTENCY, item=item, when=free)]

    def _storage_key(self) -> str:
        return _digest([self.operation, self.caller_id, self.key])

    def _fingerprint(self) -> str:
        return _digest(self.request)


def _digest(value: Any) -> str:  # any JSON
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
