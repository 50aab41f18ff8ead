"""Breached passwords, looked up at a service with the range API of Have I Been Pwned.

The service never sees a password. It receives the first 5 of the 40 hex digits of the password's SHA-1 hash, and
responds with all known hashes that start with them, padded with invented ones (k-anonymity). The API requires SHA-1,
and no secret depends on its strength.

Signing up does not depend on the service: a lookup takes at most one second, and without a response the password is
accepted. After three failures in a row there is no lookup for 30 seconds, so that an outage does not cost every caller
that second (`shared.core.outbound`).
"""

import hashlib
from http import HTTPStatus

from shared.core import logs
from shared.core.config import settings
from shared.core.errors import Unavailable
from shared.core.outbound import Service

_OFF = "off"
_PREFIX_LENGTH = 5

service = Service("breaches", _OFF, connect=0.5, read=0.5, max_failures=3)


def is_known(password: str) -> bool:
    """Return whether the service knows the password. False if no service is configured, or if the lookup fails."""
    if settings().breach_service_url == _OFF:
        return False
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    # Lines are `REST-OF-HASH:COUNT`; a count of 0 is padding.
    counts = dict(line.split(":", 1) for line in _range(digest[:_PREFIX_LENGTH]) if ":" in line)
    return counts.get(digest[_PREFIX_LENGTH:], "0").strip() != "0"


def _range(prefix: str) -> list[str]:
    """Return the service's lines, none if the lookup fails."""
    try:
        answer = service.at(settings().breach_service_url).get(f"/range/{prefix}", headers={"Add-Padding": "true"})
    except Unavailable:  # it is in the log
        return []
    if answer.status != HTTPStatus.OK:
        logs.logger.warning("breach service failed", extra={"fields": {"status": answer.status}})
        return []
    return answer.content.decode("ascii", "replace").splitlines()
