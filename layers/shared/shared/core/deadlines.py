"""The deadline of a request, which all its calls to AWS share.

Lambda ends a function at its timeout, and API Gateway a request after 30 seconds, both with an answer that does not say
when to come back. So a request begins no call, and no retry, after its deadline: it raises `Unavailable` in time for
the caller to get 503 with `Retry-After`. Of the jobs, only those have a deadline that do as much as fits into their
time.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared.core.errors import Unavailable

# In the time of `time.monotonic`.
_DEADLINE: ContextVar[float] = ContextVar("deadline", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Set the deadline of the block, in seconds from now."""
    token = _DEADLINE.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def remaining() -> float:
    """Return the seconds until the deadline: negative after it, infinite if there is none."""
    return _DEADLINE.get() - time.monotonic()


def has_passed() -> bool:
    """Return whether the deadline has passed."""
    return time.monotonic() > _DEADLINE.get()


def check(cause: str = "the deadline of the request has passed") -> None:
    """Raise `Unavailable` with this cause if the deadline has passed."""
    if has_passed():
        raise Unavailable(cause)
