"""The first step of a sign-in, and the token that stands for it until a factor is proved.

Threats. An attacker who knows the password, or reads the mailbox, wants to skip the factor: every first step ends with
`require_second_step` for the account as it is, and no session exists before. An attacker uses the first step of
another account, or one from before a new password: the token of the first step is sealed with a key of its account, and
belongs to a version of the credentials. It is accepted once, in the transaction that starts the session.
"""

import hashlib
import hmac
import secrets
import struct
import uuid
from typing import NamedTuple, get_args

from shared.accounts import assurance
from shared.core import clock
from shared.core.errors import InvalidMfaToken, MfaRequired
from shared.records import credentials, users
from shared.records.credentials import Credential
from shared.records.users import User
from shared.values import base64url
from shared.values.choices import Method

# How long a second step may take.
_TOKEN_LIFETIME = 5 * clock.MINUTE

_METHODS: tuple[Method, ...] = get_args(Method)
_VERSION = b"\x01"
# Version, user, version of the credentials, expiry, position of the method in `_METHODS`, device, random bytes.
_CONTENT = struct.Struct(">c16sIQB16s16s")
_NO_DEVICE = bytes(16)


class FirstStep(NamedTuple):
    """The first step of a sign-in, from its token. `device_id` is that of the client, or ""."""

    credential: Credential
    user: User
    method: Method
    device_id: str
    token_digest: str
    expires_at: int


def require_second_step(credential: Credential, method: Method, *, device_id: str = "") -> None:
    """Require a factor, if the account has one. `method` is the first step, which was just proved.

    Raises:
        MfaRequired: the account has a factor; the error has the token that stands for the first step.

    """
    if not credential.factors:
        return
    content = _CONTENT.pack(
        _VERSION,
        uuid.UUID(credential.user_id).bytes,
        credential.version,
        clock.now() + _TOKEN_LIFETIME,
        _METHODS.index(method),
        bytes.fromhex(device_id) or _NO_DEVICE,
        secrets.token_bytes(16),
    )
    token = base64url.encode(content + credential.seal("mfa", content))
    raise MfaRequired(token, assurance.sufficient(credential), _TOKEN_LIFETIME)


def from_token(token: str) -> FirstStep:
    """Return the first step that a token stands for. Does not consume the token.

    Raises:
        InvalidMfaToken: it is not valid, expired, or void because the account has changed.

    """
    try:
        decoded = base64url.decode(token)
        content, seal = decoded[: _CONTENT.size], decoded[_CONTENT.size :]
        token_version, user_id, version, expires_at, method, device_id, _ = _CONTENT.unpack(content)
    except (ValueError, struct.error) as error:
        raise InvalidMfaToken from error
    user = users.find(str(uuid.UUID(bytes=user_id)))
    credential = None if user is None else credentials.find(user.email)
    if user is None or credential is None or not hmac.compare_digest(seal, credential.seal("mfa", content)):
        raise InvalidMfaToken
    if token_version != _VERSION:
        raise InvalidMfaToken
    is_void = credential.version != version or user.status != "active" or not credential.factors
    if is_void or expires_at <= clock.now():
        raise InvalidMfaToken
    return FirstStep(
        credential,
        user,
        _METHODS[method],
        "" if device_id == _NO_DEVICE else device_id.hex(),
        hashlib.sha256(decoded).hexdigest(),
        expires_at,
    )
