"""The current time, in the two forms that we store and return."""

import time
from datetime import UTC, datetime

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def now() -> int:
    """Return the time in whole seconds since 1970, as used by JWT (RFC 7519) and DynamoDB's time to live."""
    return int(time.time())


def timestamp() -> str:
    """Return the time in UTC as RFC 3339 with milliseconds. Sorting these texts sorts them by time."""
    return rfc3339(time.time())


def rfc3339(seconds: float) -> str:
    """Format seconds since 1970 as RFC 3339 in UTC, with milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
