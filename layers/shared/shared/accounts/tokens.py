"""Access tokens (RFC 9068) and refresh tokens.

Threats. A token's header chooses another algorithm or supplies its own key: the algorithm is pinned, and keys come only
from our table; `jku`, `jwk` and `x5u` are ignored, and a token with `crit` is rejected, since we implement no extension
(RFC 8725, 3.1 and 3.10; RFC 7515, 4.1.11). A token was issued for another purpose: `typ`, `iss` and `aud` must be ours.
One token has several spellings, which would bypass a deny list: only canonical base64url without padding is accepted
(RFC 7515, 2).

A refresh token is opaque to the client. It holds the session's id and a counter, and is sealed with the session's own
key, so it needs no index to look it up, and only someone who can read the session can forge one.
"""

import hmac
import json
import struct
import uuid
from typing import Any, NamedTuple

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from shared.accounts import hooks
from shared.core import clock
from shared.core.config import settings
from shared.core.errors import InvalidRefreshToken, InvalidToken, TokenExpired
from shared.records import keys
from shared.records.sessions import Session
from shared.values import base64url

# Load OpenSSL's bindings at startup rather than with the first signature.
ec.ECDSA(hashes.SHA256())

_TYPE = "at+jwt"
# What a project's own claims may not be either: the time before which a token is invalid (RFC 7519, 4.1.5).
_RESERVED = frozenset({"nbf"})
_REQUIRED = ["iss", "aud", "sub", "sid", "gen", "jti", "iat", "exp"]
# Our tokens have about 700 characters, or about 1,000 with the longest possible address. Longer ones are not parsed.
_MAX_LENGTH = 4096
# The seconds by which the clocks of two machines may differ. This never extends a token's lifetime.
_CLOCK_SKEW = 5


class Claims(NamedTuple):
    """The claims of a valid access token that we rely on. The role is read from the session instead."""

    user_id: str
    session_id: str
    generation: int


def access_token(session: Session) -> str:
    """Create an access token for this session, valid for an hour, with the claims that `hooks.claims` adds.

    Raises:
        ValueError: a claim of the hook is reserved, or makes the token too long.
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
        "gen": session.counter,
        "amr": session.amr,
        "acr": f"aal{session.aal}",
        "auth_time": session.authenticated_at,
        "iat": issued_at,
        "exp": issued_at + keys.ACCESS_TOKEN_LIFETIME,
    }
    added = hooks.claims(session)
    if reserved := added.keys() & (claims.keys() | _RESERVED):
        raise ValueError(f"hooks.claims returns {', '.join(sorted(reserved))}, which access tokens have already")
    token = jwt.encode({**claims, **added}, key.private_key, keys.ALGORITHM, headers={"typ": _TYPE, "kid": key.kid})
    if len(token) > _MAX_LENGTH:
        raise ValueError(f"hooks.claims returns too much: the token has {len(token)} of {_MAX_LENGTH} characters")
    return token


def verify(token: str) -> Claims:
    """Verify an access token, and return its claims.

    Raises:
        TokenExpired: the token has expired.
        InvalidToken: the token is invalid.

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
        # PyJWT raises the latter two for a time that is not a number, or infinite.
        raise InvalidToken from error
    user_id, session_id, generation, expires_at = (claims[name] for name in ("sub", "sid", "gen", "exp"))
    if not (isinstance(user_id, str) and isinstance(session_id, str) and user_id and session_id):
        raise InvalidToken
    if not (type(generation) is int and type(expires_at) is int):
        raise InvalidToken
    if expires_at <= clock.now():
        raise TokenExpired
    return Claims(user_id=user_id, session_id=session_id, generation=generation)


def _header(token: str) -> dict[str, Any]:
    """Check the token's format, and return its header, which is not trusted yet."""
    parts = token.split(".") if len(token) <= _MAX_LENGTH else []
    if len(parts) != 3:  # noqa: PLR2004  # header, claims, signature
        raise InvalidToken
    try:
        header, claims, _ = map(base64url.decode, parts)
        fields = json.loads(header)
        json.loads(claims)
    except (ValueError, RecursionError) as error:
        raise InvalidToken from error
    if not isinstance(fields, dict):
        raise InvalidToken
    return fields


# Refresh tokens ------------------------------------------------------------------------------------

_VERSION = b"\x01"
_CONTENT = struct.Struct(">c16s16sI")
_PURPOSE = "refresh"


class RefreshToken(NamedTuple):
    """A decoded refresh token, which is not trusted until `belongs_to` has verified it."""

    content: bytes
    seal: bytes
    user_id: str
    session_id: str
    counter: int

    def belongs_to(self, session: Session) -> bool:
        """Return whether the token was sealed with this session's key."""
        return hmac.compare_digest(self.seal, session.seal(_PURPOSE, self.content))


def refresh_token(session: Session) -> str:
    """Return the session's current refresh token, which stays the same until the next refresh."""
    ids = (uuid.UUID(session.user_id).bytes, uuid.UUID(session.id).bytes)
    content = _CONTENT.pack(_VERSION, *ids, session.counter)
    return base64url.encode(content + session.seal(_PURPOSE, content))


def parse_refresh_token(token: str) -> RefreshToken:
    """Decode a refresh token.

    Raises:
        InvalidRefreshToken: the token does not have our format.

    """
    try:
        decoded = base64url.decode(token)
        content, seal = decoded[: _CONTENT.size], decoded[_CONTENT.size :]
        version, user_id, session_id, counter = _CONTENT.unpack(content)
    except (ValueError, struct.error) as error:
        raise InvalidRefreshToken from error
    if version != _VERSION:
        raise InvalidRefreshToken
    return RefreshToken(content, seal, str(uuid.UUID(bytes=user_id)), str(uuid.UUID(bytes=session_id)), counter)
