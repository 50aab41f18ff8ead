"""The time, in the two forms that we store and show."""

import time
from datetime import UTC, datetime

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def now() -> int:
    """Give the time in whole seconds since 1970, as JWT (RFC 7519) and DynamoDB's time to live have it."""
    return int(time.time())


def timestamp() -> str:
    """Give the time as RFC 3339 with milliseconds, in UTC; sorts as text in the order of time."""
    return rfc3339(time.time())


def rfc3339(seconds: float) -> str:
    """Show seconds since 1970 as callers see them."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
