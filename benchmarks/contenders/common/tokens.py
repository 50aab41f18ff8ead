"""Access tokens, refresh tokens and cursors, as the project's own; a session is a dictionary, as its table holds it."""

import base64
import hashlib
import hmac
import os
import struct
import time
import uuid
from typing import Any

import jwt

LIFETIME = 3600
_REQUIRED = ["iss", "aud", "sub", "sid", "jti", "iat", "exp"]
_CONTENT = struct.Struct(">c16s16sI")
_SEAL = 16


def kid_of(token: str) -> str:
    """Give the id of the key that is said to have signed a token. Raises jwt.PyJWTError."""
    header = jwt.get_unverified_header(token)
    if header.get("typ") != "at+jwt" or "crit" in header:
        raise jwt.InvalidTokenError
    return str(header.get("kid"))


def claims(token: str, key: Any) -> dict[str, Any]:
    """Give what a good access token says. Raises jwt.PyJWTError."""
    return jwt.decode(
        token,
        key,
        algorithms=["ES256"],
        issuer=os.environ["TOKEN_ISSUER"],
        audience=os.environ["TOKEN_AUDIENCE"],
        options={"require": _REQUIRED},
    )


def signed_in(session: dict[str, Any], private_key: Any, kid: str) -> dict[str, Any]:
    """Give the answer to a sign-in or refresh: both tokens and the user."""
    now = int(time.time())
    said = {
        "iss": os.environ["TOKEN_ISSUER"],
        "aud": os.environ["TOKEN_AUDIENCE"],
        "sub": session["userId"],
        "userId": session["userId"],
        "email": session["email"],
        "role": session["role"],
        "sid": session["sessionId"],
        "jti": str(uuid.uuid4()),
        "iat": now,
        "exp": now + LIFETIME,
    }
    content = _CONTENT.pack(
        b"\x01", uuid.UUID(session["userId"]).bytes, uuid.UUID(session["sessionId"]).bytes, session["counter"]
    )
    return {
        "token": jwt.encode(said, private_key, "ES256", headers={"typ": "at+jwt", "kid": kid}),
        "tokenType": "Bearer",
        "expiresIn": LIFETIME,
        "refreshToken": _base64url(content + seal(session, "refresh", content)),
        "user": {"id": session["userId"], **{name: session[name] for name in ("email", "name", "role")}},
    }


def parse_refresh_token(token: str) -> tuple[str, str, int, bytes, bytes]:
    """Give user, session, counter, sealed content and seal. Raises ValueError or struct.error."""
    decoded = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    content, sealed = decoded[: _CONTENT.size], decoded[_CONTENT.size :]
    _, user_id, session_id, counter = _CONTENT.unpack(content)
    return str(uuid.UUID(bytes=user_id)), str(uuid.UUID(bytes=session_id)), counter, content, sealed


def seal(session: dict[str, Any], purpose: str, content: bytes) -> bytes:
    """Give what only this session's key can give."""
    return hmac.digest(bytes(session["key"]), purpose.encode() + b"\x00" + content, hashlib.sha256)


def cursor(session: dict[str, Any], position: str) -> str:
    """Give the cursor to the page after a position of the listing of users."""
    sealed = seal(session, "cursor /api/users", position.encode())[:_SEAL]
    return base64.urlsafe_b64encode(sealed + position.encode()).decode()


def position_of(session: dict[str, Any], text: str) -> str:
    """Give the position that a cursor names. Raises ValueError."""
    sealed = base64.urlsafe_b64decode(text)
    position = sealed[_SEAL:].decode()
    if not hmac.compare_digest(text, cursor(session, position)):
        raise ValueError("not a cursor of ours")
    return position


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
