"""Access tokens, refresh tokens and cursors in the project's formats, and the keys that sign and verify them."""

import base64
import hashlib
import hmac
import os
import struct
import time
import uuid
from typing import Any

import jwt

from common.items import DAY, HOUR, Failed, remembered

_REQUIRED = ["iss", "aud", "sub", "sid", "jti", "iat", "exp"]
_CONTENT = struct.Struct(">c16s16sI")
_SEAL = 16


@remembered
def public_keys(database: Any) -> dict[str, Any]:
    """Return the keys that verify, by id."""
    items = database.query(
        "PUBLIC_KEYS",
        KeyConditionExpression="#u = :u",
        ExpressionAttributeNames={"#u": "use"},
        ExpressionAttributeValues={":u": "access-token"},
        ConsistentRead=True,
    )
    return {item["kid"]: jwt.PyJWK(item["jwk"]).key for item in items}


@remembered
def signing_key(database: Any, secretsmanager: Any) -> tuple[Any, str]:
    """Return the private key and its id."""
    answer = secretsmanager.get_secret_value(SecretId=os.environ["SIGNING_KEY_SECRET"], VersionStage="AWSCURRENT")
    if answer["VersionId"] not in public_keys(database):
        raise RuntimeError("The signing key is not published")
    return jwt.PyJWK.from_json(answer["SecretString"], "ES256").key, answer["VersionId"]


def session_of(database: Any, token: str) -> dict[str, Any]:
    """Return the session of a valid access token. Raises Failed."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("typ") != "at+jwt" or "crit" in header:
            raise Failed(401, "invalid_token")
        claims = jwt.decode(
            token,
            public_keys(database)[header["kid"]],
            algorithms=["ES256"],
            issuer=os.environ["TOKEN_ISSUER"],
            audience=os.environ["TOKEN_AUDIENCE"],
            options={"require": _REQUIRED},
        )
    except (jwt.PyJWTError, KeyError):
        raise Failed(401, "invalid_token") from None
    session = database.get("SESSIONS", {"userId": claims["sub"], "sessionId": claims["sid"]})
    if session is None or is_expired(session):
        raise Failed(401, "session_ended")
    return session


def bearer(header: str) -> str:
    """Return the token of an Authorization header. Raises Failed."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise Failed(401, "invalid_token")
    return token


def is_expired(session: dict[str, Any]) -> bool:
    """Return whether a session has expired."""
    return bool(min(session["refreshedAt"] + 30 * DAY, session["createdAt"] + 90 * DAY) <= time.time())


def signed_in(session: dict[str, Any], private_key: Any, kid: str) -> dict[str, Any]:
    """Return the response to a sign-in or refresh: both tokens and the user."""
    now = int(time.time())
    claims = {
        "iss": os.environ["TOKEN_ISSUER"],
        "aud": os.environ["TOKEN_AUDIENCE"],
        "sub": session["userId"],
        "userId": session["userId"],
        "email": session["email"],
        "role": session["role"],
        "sid": session["sessionId"],
        "jti": str(uuid.uuid4()),
        "iat": now,
        "exp": now + HOUR,
    }
    ids = (uuid.UUID(session["userId"]).bytes, uuid.UUID(session["sessionId"]).bytes)
    content = _CONTENT.pack(b"\x01", *ids, int(session["counter"]))
    sealed = base64.urlsafe_b64encode(content + seal(session, "refresh", content))
    return {
        "token": jwt.encode(claims, private_key, "ES256", headers={"typ": "at+jwt", "kid": kid}),
        "tokenType": "Bearer",
        "expiresIn": HOUR,
        "refreshToken": sealed.rstrip(b"=").decode(),
        "user": {"id": session["userId"], **{name: session[name] for name in ("email", "name", "role")}},
    }


def parse_refresh_token(token: str) -> tuple[str, str, int, bytes, bytes]:
    """Return user, session, counter, sealed content and seal. Raises ValueError or struct.error."""
    decoded = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    content, sealed = decoded[: _CONTENT.size], decoded[_CONTENT.size :]
    _, user_id, session_id, counter = _CONTENT.unpack(content)
    return str(uuid.UUID(bytes=user_id)), str(uuid.UUID(bytes=session_id)), counter, content, sealed


def seal(session: dict[str, Any], purpose: str, content: bytes) -> bytes:
    """Return the HMAC of the content under the session's own key."""
    return hmac.digest(bytes(session["key"]), purpose.encode() + b"\x00" + content, hashlib.sha256)


def cursor(session: dict[str, Any], position: str) -> str:
    """Return the cursor to the page after a position of the list of users."""
    sealed = seal(session, "cursor /api/users", position.encode())[:_SEAL]
    return base64.urlsafe_b64encode(sealed + position.encode()).decode()


def position_of(session: dict[str, Any], text: str) -> str:
    """Return the position that a cursor names. Raises ValueError."""
    position = base64.urlsafe_b64decode(text)[_SEAL:].decode()
    if not hmac.compare_digest(text, cursor(session, position)):
        raise ValueError("not a cursor of this session")
    return position
