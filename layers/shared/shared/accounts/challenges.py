"""Challenges: what an authenticator signs, or a provider repeats in an id token. Each is valid once.

Asking for a challenge costs no write, so nobody can fill a table with them: a challenge authenticates itself. It holds
random bytes, its expiry and an HMAC over these, the ceremony and, for a registration, the account and the session. It
is used once: the transaction that it belongs to records it (`one_time_tokens.using_once`).
"""

import hashlib
import hmac
import secrets
import struct
from typing import Literal, TypeAlias

from shared.core import clock
from shared.core.errors import Error
from shared.core.tables import Change
from shared.records import factor_keys, one_time_tokens
from shared.records.sessions import Session

Ceremony: TypeAlias = Literal["register", "sign-in", "id-token"]
LIFETIME = 5 * clock.MINUTE
# An app asks for it before it asks its user.
NONCE_LIFETIME = 10 * clock.MINUTE

# The id of the key, the expiry, and random bytes; an HMAC of 16 bytes follows.
_CONTENT = struct.Struct(">8sQ16s")
_SEAL_SIZE = 16


def new(ceremony: Ceremony, session: Session | None = None) -> bytes:
    """Return a new challenge. One for a registration belongs to a session.

    Raises:
        Unavailable: Secrets Manager is unreachable.

    """
    key_id = factor_keys.current()
    lifetime = NONCE_LIFETIME if ceremony == "id-token" else LIFETIME
    content = _CONTENT.pack(key_id.encode(), clock.now() + lifetime, secrets.token_bytes(16))
    return content + _seal(key_id, ceremony, session, content)


def using(
    challenge: bytes, ceremony: Ceremony, session: Session | None = None, *, otherwise: type[Error]
) -> list[Change]:
    """Verify a challenge that we issued for this ceremony, and return the changes that consume it.

    They fail with `otherwise` if another request has just used it.

    Raises:
        Error: `otherwise`, if it is not ours, for another ceremony, account or session, used or expired.
        Unavailable: Secrets Manager is unreachable.

    """
    content, seal = challenge[: _CONTENT.size], challenge[_CONTENT.size :]
    try:
        key, expires_at, _ = _CONTENT.unpack(content)
        key_id = key.decode("ascii")
    except (struct.error, UnicodeDecodeError) as error:
        raise otherwise from error
    if not factor_keys.is_known(key_id) or not hmac.compare_digest(seal, _seal(key_id, ceremony, session, content)):
        raise otherwise
    if expires_at <= clock.now():
        raise otherwise
    digest = hashlib.sha256(challenge).hexdigest()
    # Before anything else is decided: a repeat is no clone of a passkey, and clears no lock.
    if one_time_tokens.was_used(digest):
        raise otherwise
    return one_time_tokens.using_once(digest, expires_at, otherwise=otherwise)


def _seal(key_id: str, ceremony: Ceremony, session: Session | None, content: bytes) -> bytes:
    of = "" if session is None else session.reference
    return factor_keys.digest("challenge", f"{ceremony}\x00{of}\x00".encode() + content, key_id=key_id)[:_SEAL_SIZE]
