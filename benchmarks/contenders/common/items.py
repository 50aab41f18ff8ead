"""DynamoDB items as plain dictionaries, and the rules that go with them."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

MINUTE, HOUR, DAY = 60, 3600, 86400
_CONVERTED = frozenset({"Item", "Key", "ExpressionAttributeValues"})


class Failed(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class Database:
    """DynamoDB through a low-level client; `plain` and `stored` convert items from and to its typed form."""

    def __init__(self, client: Any, plain: Callable[[Any], Any], stored: Callable[[Any], Any]) -> None:
        self.client, self._plain, self._stored = client, plain, stored

    def get(self, name: str, key: dict[str, Any]) -> dict[str, Any] | None:
        """Read an item, consistently."""
        item = self.client.get_item(TableName=table(name), Key=self._stored(key), ConsistentRead=True).get("Item")
        return self._plain(item) if item else None

    def query(self, name: str, **request: Any) -> Iterator[dict[str, Any]]:
        """Read one page of items."""
        return map(self._plain, self.client.query(TableName=table(name), **self._converted(request))["Items"])

    def update(self, name: str, **request: Any) -> dict[str, Any]:
        """Update an item and return its new attributes."""
        request = self._converted(request)
        return self._plain(
            self.client.update_item(TableName=table(name), ReturnValues="ALL_NEW", **request)["Attributes"]
        )

    def delete(self, name: str, **request: Any) -> None:
        """Delete an item."""
        self.client.delete_item(TableName=table(name), **self._converted(request))

    def write(self, items: list[dict[str, Any]], token: str) -> None:
        """Write all items in one transaction."""
        converted = [{verb: self._converted(change) for verb, change in item.items()} for item in items]
        self.client.transact_write_items(TransactItems=converted, ClientRequestToken=token)

    def _converted(self, request: dict[str, Any]) -> dict[str, Any]:
        return {name: self._stored(value) if name in _CONVERTED else value for name, value in request.items()}


def table(name: str) -> str:
    """Return a table's name in this deployment."""
    return os.environ[f"{name}_TABLE"]


def timestamp() -> str:
    """Return the time as RFC 3339."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def remembered(read: Callable[..., Any]) -> Callable[..., Any]:
    """Call the function at most every five minutes."""
    value, read_at = None, 0.0

    def cached(*arguments: Any) -> Any:
        nonlocal value, read_at
        if value is None or time.time() > read_at + 5 * MINUTE:
            value, read_at = read(*arguments), time.time()
        return value

    return cached


def limit(database: Any, name: str, most: int, ip: str) -> None:
    """Count a request of this client in the current minute. Raises Failed beyond the limit."""
    start = int(time.time()) // MINUTE * MINUTE
    after = database.update(
        "LIMITS",
        Key={"key": f"{name}#{ip}#{start}"},
        UpdateExpression="SET expiresAt = :e ADD #c :one",
        ExpressionAttributeNames={"#c": "count"},
        ExpressionAttributeValues={":e": start + MINUTE, ":one": 1},
    )
    if after["count"] > most * int(os.environ["RATE_LIMIT_MULTIPLIER"]):
        raise Failed(429, "too_many_requests")
