"""Device tokens: what a client keeps so that strangers cannot lock it out (OWASP, Slow Down Online Guessing Attacks).

A token is issued with every sign-in, belongs to one account and is valid for 90 days. It proves only that somebody has
signed in with this client before, and opens nothing without the password. It is computed, not stored: its content is
authenticated with a key of the account, and a new key voids all tokens.
"""

import hmac
import secrets
import struct

from shared.core import clock
from shared.records.credentials import Credential
from shared.values import base64url

LIFETIME = 90 * clock.DAY
_VERSION = b"\x01"
_CONTENT = struct.Struct(">cQ16s")
_SEAL_SIZE = 16


def issue(credential: Credential) -> str:
    """Return a new device token of this account."""
    content = _CONTENT.pack(_VERSION, clock.now(), secrets.token_bytes(16))
    return base64url.encode(content + credential.seal("device", content)[:_SEAL_SIZE])


def identify(credential: Credential, token: str) -> str | None:
    """Return the id of the device that a token belongs to, or None if it is not a valid token of this account."""
    try:
        decoded = base64url.decode(token)
        content = decoded[: _CONTENT.size]
        version, issued_at, device = _CONTENT.unpack(content)
    except (ValueError, struct.error):
        return None
    is_genuine = hmac.compare_digest(decoded[_CONTENT.size :], credential.seal("device", content)[:_SEAL_SIZE])
    if version != _VERSION or not is_genuine or issued_at + LIFETIME <= clock.now():
        return None
    return str(device.hex())
