"""Time-based one-time passwords (RFC 6238), as authenticator apps compute them: SHA-1, 30 seconds, six digits."""

import base64
import hashlib
import hmac
import secrets
from urllib.parse import quote, urlencode

PERIOD = 30
_DIGITS = 6
# RFC 4226, 4: at least 128 bits, and 160 are recommended.
_SECRET_SIZE = 20
# The clocks of a phone and of Lambda differ, and typing takes time: one step either way (RFC 6238, 5.2).
_STEPS = (0, -1, 1)


def new_secret() -> bytes:
    """Return a random secret of 160 bits."""
    return secrets.token_bytes(_SECRET_SIZE)


def code(secret: bytes, step: int) -> str:
    """Return the six digits of a step, the number of periods since 1970 (RFC 4226, 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"


def step_of(secret: bytes, text: str, now: int) -> int | None:
    """Return the step whose code the text is, at most one away from `now` (seconds since 1970), or None.

    Of several steps with the same code it is the latest, so that recording it voids all of them.
    """
    steps = [now // PERIOD + difference for difference in _STEPS]
    # All are compared, so that the time does not tell which one matches.
    matching = [step for step in steps if hmac.compare_digest(code(secret, step).encode(), text.encode())]
    return max(matching, default=None)


def text_of(secret: bytes) -> str:
    """Return a secret as people type it into an app: base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def uri(secret: bytes, *, issuer: str, account: str) -> str:
    """Return the URI that authenticator apps read from a QR code.

    https://github.com/google/google-authenticator/wiki/Key-Uri-Format
    """
    # A colon separates the two, and some apps do not decode it.
    label = f"{quote(issuer.replace(':', ' '), safe='')}:{quote(account, safe='@')}"
    parameters = {
        "secret": text_of(secret),
        "issuer": issuer.replace(":", " "),
        "algorithm": "SHA1",
        "digits": _DIGITS,
        "period": PERIOD,
    }
    return f"otpauth://totp/{label}?{urlencode(parameters, quote_via=quote)}"
