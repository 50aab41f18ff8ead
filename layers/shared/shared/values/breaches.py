"""Passwords that have become known: asks a service that speaks the range API of Have I Been Pwned.

The service never sees a password: it is sent the first 5 of the 40 digits of its SHA-1, and answers with every known
hash that begins so, padded with invented ones (k-anonymity). SHA-1 is the API's choice and keeps nothing secret here.

It is asked for at most a second, and a password it says nothing about passes: signing up does not depend on it. After
three failures on end it is left alone for a minute, so that an outage does not cost every caller that second.
"""

import hashlib
from http import HTTPStatus

import urllib3

from shared.core import clock, logs
from shared.core.config import settings

_OFF = "off"
_TIMEOUT = urllib3.Timeout(total=1)
_FAILURES_UNTIL_PAUSE = 3
_PAUSE = clock.MINUTE
_PREFIX_LENGTH = 5


class _Breaker:
    """Whether the service is worth asking, as far as this execution environment knows."""

    def __init__(self) -> None:
        self.failures = 0
        self.paused_until = 0

    def failed(self) -> None:
        self.failures += 1
        if self.failures >= _FAILURES_UNTIL_PAUSE:
            self.paused_until = clock.now() + _PAUSE

    def succeeded(self) -> None:
        self.failures = 0


breaker = _Breaker()
_pool = urllib3.PoolManager(retries=False, timeout=_TIMEOUT)


def is_known(password: str) -> bool:
    """Say whether the service knows the password. False if none is configured, or it does not answer in time."""
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
    answer = _pool.request("GET", f"{settings().breach_service_url}/range/{prefix}", headers={"Add-Padding": "true"})
    if answer.status != HTTPStatus.OK:
        raise urllib3.exceptions.HTTPError(f"status {answer.status}")
    return answer.data.decode("ascii", "replace").splitlines()
