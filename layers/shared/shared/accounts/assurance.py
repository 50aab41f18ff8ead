"""Assurance: what an account has to prove at a sign-in, and again for what a stolen session must not do.

One rule for both:

| the account has | it proves at a sign-in | a session is fresh after |
|---|---|---|
| a factor | the first step, and a factor | a factor |
| no factor, but a password | the first step | its password |
| neither | the first step | a sign-in with a linked provider, or a link or code in an email |

The first step is a password, a linked provider, or a link or code in an email. A passkey that has verified its user is
both steps at once. Fresh means that the proof is less than ten minutes old.

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

from shared.accounts import lookup
from shared.core import clock
from shared.core.errors import InvalidMfaToken, LastWayIn, MfaRequired, ReauthenticationRequired
from shared.records import credentials, users
from shared.records.credentials import Credential
from shared.records.sessions import Session
from shared.records.users import User
from shared.values import base64url
from shared.values.choices import Method

# How long after its proof a session may do what a stolen device or token must not.
FRESH_PERIOD = 10 * clock.MINUTE
# How long a second step may take.
MFA_TOKEN_LIFETIME = 5 * clock.MINUTE

_METHODS: tuple[Method, ...] = get_args(Method)
_VERSION = b"\x01"
# Version, user, version of the credentials, expiry, position of the method in `_METHODS`, device, random bytes.
_CONTENT = struct.Struct(">c16sIQB16s16s")
_NO_DEVICE = bytes(16)


def sufficient(credential: Credential) -> tuple[Method, ...]:
    """Return the proofs of which each is the strongest that the account has."""
    types = set(credential.factors.values())
    if types:
        return (*(method for method in _METHODS if method in types), "recovery_code")
    if credential.password_hash is not None:
        return ("password",)
    return ("provider", "email") if credential.identities else ("email",)


def require_fresh(session: Session, credential: Credential | None = None) -> None:
    """Require that the session proved, within the last ten minutes, a method that is `sufficient` for its account.

    `credential` is the account's, if the caller has just read it.

    Raises:
        ReauthenticationRequired: it has not.
        SessionEnded: the account has just been closed.

    """
    methods = sufficient(credential or lookup.credential_of(session))
    # Whoever has copied an earlier access token must not gain by the owner's proof.
    if session.is_superseded or all(session.proofs.get(method, 0) + FRESH_PERIOD <= clock.now() for method in methods):
        raise ReauthenticationRequired(methods)


def require_way_in(credential: Credential) -> None:
    """Require that an account can still be reached otherwise than by email.

    Raises:
        LastWayIn: it has no password, no passkey and no identity.

    """
    has_passkey = "passkey" in credential.factors.values()
    if credential.password_hash is None and not has_passkey and not credential.identities:
        raise LastWayIn


# The two steps of a sign-in --------------------------------------------------------------------------


class FirstStep(NamedTuple):
    """The first step of a sign-in, from its token. `device` is the id of the client's device, or ""."""

    credential: Credential
    user: User
    method: Method
    device: str
    token_digest: str
    expires_at: int


def require_second_step(credential: Credential, method: Method, *, device: str = "") -> None:
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
        clock.now() + MFA_TOKEN_LIFETIME,
        _METHODS.index(method),
        bytes.fromhex(device) or _NO_DEVICE,
        secrets.token_bytes(16),
    )
    token = base64url.encode(content + credential.seal("mfa", content))
    raise MfaRequired(token, sufficient(credential), MFA_TOKEN_LIFETIME)


def first_step(token: str) -> FirstStep:
    """Return the first step that a token stands for. Does not consume the token.

    Raises:
        InvalidMfaToken: it is not valid, expired, or void because the account has changed.

    """
    try:
        decoded = base64url.decode(token)
        content, seal = decoded[: _CONTENT.size], decoded[_CONTENT.size :]
        token_version, user_id, version, expires_at, method, device, _ = _CONTENT.unpack(content)
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
        "" if device == _NO_DEVICE else device.hex(),
        hashlib.sha256(decoded).hexdigest(),
        expires_at,
    )
