"""Six-digit codes in emails. They are valid only together with the secret of the request that caused it.

A code follows from what it is emailed for, a registration or a request to sign in, and from the email's entry in the
outbox: if the email is sent twice, both copies have the same code. `owner` identifies the former.
"""

import hashlib
import hmac

from shared.core import clock

LIFETIME = 10 * clock.MINUTE
# The emails of a kind, to an address in a day, that have a code.
MAX_A_DAY = 5
MAX_ATTEMPTS = 3


def derive(owner: str, entry_id: str) -> str:
    """Return the code of an email."""
    seed = hmac.digest(owner.encode(), entry_id.encode(), hashlib.sha256)
    return f"{int.from_bytes(seed) % 10**6:06}"


def digest(owner: str, code: str) -> bytes:
    """Return the hash by which a code is stored."""
    return hashlib.sha256(f"{owner}:{code}".encode()).digest()
