"""Breached passwords, looked up at a service with the range API of Have I Been Pwned.

The service never sees a password. It receives the first 5 of the 40 hex digits of the password's SHA-1 hash, and
responds with all known hashes that start with them, padded with invented ones (k-anonymity). The API requires SHA-1,
and no secret depends on its strength.

Signing up does not depend on the service: a lookup takes at most one second, and without a response the password is
accepted. After three failures in a row there is no lookup for a minute, so that an outage does not cost every caller
that second.
"""

import hashlib
from http import HTTPStatus

import urllib3

from shared.core import clock, logs
from shared.core.config import settings

_OFF = "off"
_TIMEOUT = urllib3.Timeout(total=1)
_MAX_FAILURES = 3
_PAUSE = clock.MINUTE
_PREFIX_LENGTH = 5


class _Breaker:
    """A circuit breaker for the service, with the state of this execution environment."""

    def __init__(self) -> None:
        self.failures = 0
        self.paused_until = 0

    def failed(self) -> None:
        self.failures += 1
        if self.failures >= _MAX_FAILURES:
            self.paused_until = clock.now() + _PAUSE

    def succeeded(self) -> None:
        self.failures = 0


breaker = _Breaker()
_pool = urllib3.PoolManager(retries=False, timeout=_TIMEOUT)


def is_known(password: str) -> bool:
    """Return whether the service knows the password. False if no service is configured, or if the lookup fails."""
    if settings().breach_service_url == _OFF or breaker.paused_until > clock.now():
        return False
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    try:
        lines = _range(digest[:_PREFIX_LENGTH])
    except urllib3.exceptions.HTTPError as error:
        breaker.failed()
        logs.logger.warning("breach service failed", extra={"fields": {"cause": type(error).__name__}})
        return False
    breaker.succeeded()
    # Lines are `REST-OF-HASH:COUNT`; a count of 0 is padding.
    counts = dict(line.split(":", 1) for line in lines if ":" in line)
    return counts.get(digest[_PREFIX_LENGTH:], "0").strip() != "0"


def _range(prefix: str) -> list[str]:
    response = _pool.request("GET", f"{settings().breach_service_url}/range/{prefix}", headers={"Add-Padding": "true"})
    if response.status != HTTPStatus.OK:
        raise urllib3.exceptions.HTTPError(f"status {response.status}")
    return response.data.decode("ascii", "replace").splitlines()
