"""Access tokens (RFC 9068) and refresh tokens.

Threats. A token whose header chooses another algorithm or brings its own key: the algorithm is pinned and the key comes
from our table alone; `jku`, `jwk` and `x5u` are not looked at, and a token with `crit` is refused, since we implement
no extension (RFC 8725, 3.1 and 3.10; RFC 7515, 4.1.11). A token made for something else: `typ`, `iss` and `aud` must be
ours. One token in several spellings, which would slip past a list of refused ones: only canonical base64url without
padding is read (RFC 7515, 2).

A refresh token is opaque to its bearer. It names the session and a counter, and is sealed with the session's own key,
so it is looked up without an index and cannot be made by anybody who has not read the session.
"""

import base64
import hmac
import json
import struct
import uuid
from typing import Any, NamedTuple

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from shared.core import clock
from shared.core.config import settings
from shared.core.errors import InvalidRefreshToken, InvalidToken, TokenExpired
from shared.records import keys
from shared.records.sessions import Session

# Loads OpenSSL's bindings during the start, and not with the first signature.
ec.ECDSA(hashes.SHA256())

_TYPE = "at+jwt"
_REQUIRED = ["iss", "aud", "sub", "sid", "jti", "iat", "exp"]
# The longest token that is looked at; ours have about 700 characters, with the longest address about 1,000.
_LONGEST = 4096
# Clocks of two machines may differ by this many seconds. It never lengthens a token's life.
_CLOCK_SKEW = 5


class Claims(NamedTuple):
    """What a good access token says that we rely on. The role is not among it: it is the session's to say."""

    user_id: str
    session_id: str


def access_token(session: Session) -> str:
    """Sign a token for this session, good for an hour.

    Raises:
        Unavailable: there is no signing key yet, or it cannot be read.

    """
    key = keys.signing_key()
    issued_at = clock.now()
    claims = {
        "iss": settings().token_issuer,
        "aud": settings().token_audience,
        "sub": session.user_id,
        "userId": session.user_id,
        "email": session.email,
        "role": session.role,
        "sid": session.id,
        "jti": str(uuid.uuid4()),
        "iat": issued_at,
        "exp": issued_at + keys.ACCESS_TOKEN_LIFETIME,
    }
    return jwt.encode(claims, key.private_key, keys.ALGORITHM, headers={"typ": _TYPE, "kid": key.kid})


def verify(token: str) -> Claims:
    """Read an access token that we issued and that has not expired.

    Raises:
        TokenExpired: it was good until its end.
        InvalidToken: it was never good, whatever the reason.

    """
    header = _header(token)
    kid = header.get("kid")
    if (
        header.get("alg") != keys.ALGORITHM
        or header.get("typ") != _TYPE
        or "crit" in header
        or not isinstance(kid, str)
    ):
        raise InvalidToken
    key = keys.public_key(kid)
    if key is None:
        raise InvalidToken
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[keys.ALGORITHM],
            issuer=settings().token_issuer,
            audience=settings().token_audience,
            leeway=_CLOCK_SKEW,
            options={"require": _REQUIRED, "strict_aud": True},
        )
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired from error
    except (jwt.PyJWTError, OverflowError, TypeError) as error:
        # PyJWT lets the latter two through where a time is no number, or infinite.
        raise InvalidToken from error
    user_id, session_id, expires_at = claims["sub"], claims["sid"], claims["exp"]
    if not (isinstance(user_id, str) and isinstance(session_id, str) and user_id and session_id):
        raise InvalidToken
    if isinstance(expires_at, bool) or not isinstance(expires_at, int):
        raise InvalidToken
    if expires_at <= clock.now():
        raise TokenExpired
    return Claims(user_id=user_id, session_id=session_id)


def _header(token: str) -> dict[str, Any]:
    """Check the token's outer form and read its header; nothing in it is trusted yet."""
    parts = token.split(".") if len(token) <= _LONGEST else []
    if len(parts) != 3:  # noqa: PLR2004  # header, claims, signature
        raise InvalidToken
    try:
        header, claims, _ = map(_canonical, parts)
        fields = json.loads(header)
        json.loads(claims)
    except (ValueError, RecursionError) as error:
        raise InvalidToken from error
    if not isinstance(fields, dict):
        raise InvalidToken
    return fields


def _canonical(part: str) -> bytes:
    """Decode base64url without padding, in its only spelling.

    Raises:
        ValueError: it is spelt another way, or not base64url at all.

    """
    decoded = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    if _base64url(decoded) != part:
        raise ValueError("not canonical base64url")
    return decoded


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


# Refresh tokens ------------------------------------------------------------------------------------

_VERSION = b"\x01"
_CONTENT = struct.Struct(">c16s16sI")
_PURPOSE = "refresh"


class RefreshToken(NamedTuple):
    """What a refresh token says; nothing in it is trusted before `belongs_to` has said so."""

    content: bytes
    seal: bytes
    user_id: str
    session_id: str
    counter: int

    def belongs_to(self, session: Session) -> bool:
        """Say whether this session's key sealed it."""
        return hmac.compare_digest(self.seal, session.seal(_PURPOSE, self.content))


def refresh_token(session: Session) -> str:
    """Give the session's present refresh token. Asked again before the next refresh, it is the same."""
    ids = (uuid.UUID(session.user_id).bytes, uuid.UUID(session.id).bytes)
    content = _CONTENT.pack(_VERSION, *ids, session.counter)
    return _base64url(content + session.seal(_PURPOSE, content))


def parse_refresh_token(token: str) -> RefreshToken:
    """Read a refresh token.

    Raises:
        InvalidRefreshToken: it is none of ours by its form.

    """
    try:
        decoded = _canonical(token)
        content, seal = decoded[: _CONTENT.size], decoded[_CONTENT.size :]
        version, user_id, session_id, counter = _CONTENT.unpack(content)
    except (ValueError, struct.error) as error:
        raise InvalidRefreshToken from error
    if version != _VERSION:
        raise InvalidRefreshToken
    return RefreshToken(content, seal, str(uuid.UUID(bytes=user_id)), str(uuid.UUID(bytes=session_id)), counter)
