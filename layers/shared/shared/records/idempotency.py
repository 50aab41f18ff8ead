"""Requests that may be sent twice but must take effect once (IETF draft-ietf-httpapi-idempotency-key-header).

The response is stored in the same transaction as the effect. No request is ever half done, so there is nothing to lock,
and nothing to clean up after a crash: a repeated request either finds the response or does the work.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.core import clock
from shared.core.conditions import Attr
from shared.core.errors import IdempotencyKeyReused
from shared.core.tables import Change, Put, Table

IDEMPOTENCY = Table("idempotency_table")
_KEPT = clock.DAY


class Once(NamedTuple):
    """A request to carry out once. Without a `key` it is carried out every time."""

    operation: str
    scope: str
    """Whose keys these are: a user's id, or the network of an anonymous client."""
    key: str
    request: Any
    """The request's input, as JSON. The same key with different input is an error of the caller."""

    def replay(self) -> Any:  # the JSON that was stored, or None
        """Return the response to the same request in the last 24 hours, or None.

        Raises:
            IdempotencyKeyReused: the key was used with a different request.

        """
        item = IDEMPOTENCY.get({"key": self._storage_key()}) if self.key else None
        if item is None or item["expiresAt"] <= clock.now():
            return None
        if item["request"] != self._fingerprint():
            raise IdempotencyKeyReused
        return json.loads(item["answer"])

    def storing(self, response: Mapping[str, Any]) -> list[Change]:
        """Return the changes that store the response. They fail with `Outdated` if a repeated request was faster."""
        if not self.key:
            return []
        item = {
            "key": self._storage_key(),
            "request": self._fingerprint(),
            # As text, because DynamoDB returns 3.0 as 3. Not escaped to ASCII, so that it is no larger than the record.
            "answer": json.dumps(response, ensure_ascii=False),
            "expiresAt": clock.now() + _KEPT,
        }
        free = Attr("key").not_exists() | Attr("expiresAt").lte(clock.now())
        return [Put(table=IDEMPOTENCY, item=item, when=free)]

    def _storage_key(self) -> str:
        return _digest([self.operation, self.scope, self.key])

    def _fingerprint(self) -> str:
        return _digest(self.request)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
