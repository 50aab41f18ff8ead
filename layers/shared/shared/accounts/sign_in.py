"""Signing in with a password, and staying signed in with refresh tokens.

Threats. Somebody tries addresses to learn which have an account: for an unknown one the same reads and writes are made
and the same hash is computed, and every failure is the same error. Somebody tries passwords: each try is counted before
it is checked, and a locked account looks like a wrong password. Somebody signs in while the password is changed or the
account is disabled: the session is stored only if the credentials are still the ones that were checked.

Somebody steals a refresh token: each is replaced when it is used, and one that is older than the last two ends the
session and tells the owner (RFC 9700, 4.14.2). The last but one is answered with the last again, however late: the
client that sends it never saw the answer, or has another tab that was faster (GoTrue's refresh token algorithm,
version 2; an earlier rule of "no reuse at all" signed out honest users).
"""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from shared.accounts import tokens
from shared.core import clock, metrics
from shared.core.errors import (
    EmailNotVerified,
    InvalidCredentials,
    InvalidRefreshToken,
    RefreshTokenReused,
    SessionEnded,
    SessionExpired,
    SessionNotFound,
)
from shared.core.tables import Change, optimistic, write
from shared.records import activity, credentials, limits, outbox, sessions, users
from shared.records.activity import Event
from shared.records.credentials import Credential
from shared.records.keys import ACCESS_TOKEN_LIFETIME
from shared.records.sessions import Session
from shared.records.users import User
from shared.values import emails, passwords
from shared.values.client import Client

_MOST_DEVICES = 20
_SHOWN_USER_AGENT = 120


Scope: TypeAlias = Literal["local", "others", "global"]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session, and the tokens to use it by."""

    session: Session
    access_token: str
    refresh_token: str

    def public(self) -> dict[str, Any]:
        """Give what the client needs to know (RFC 6749, 5.1, with the names that front ends expect)."""
        session = self.session
        return {
            "token": self.access_token,
            "tokenType": "Bearer",
            "expiresIn": ACCESS_TOKEN_LIFETIME,
            "refreshToken": self.refresh_token,
            "user": {"id": session.user_id, "email": session.email, "name": session.name, "role": session.role},
        }


@optimistic
def with_password(*, email: str, password: str, client: Client) -> SignedIn:
    """Start a session.

    Raises:
        InvalidCredentials: the address is unknown, the password wrong, the account disabled or locked.
        EmailNotVerified: all is right, but the address was never confirmed.
        Unavailable: there is no signing key yet.

    """
    credential, user = _checked(email, password, "login", client)
    if not credential.verified:
        # The password is right, so its owner must not be locked out for having tried before reading the mail.
        write(limits.unlocking(email), activity.recording("login", user.id, client, outcome="failure"))
        raise EmailNotVerified
    session = sessions.new(user, client)
    # Signed before the session is stored: without a key there is nothing to be left behind.
    signed_in = _signed_in(session)
    write(
        _signing_in(credential, password, client),
        sessions.starting(session),
        limits.unlocking(email),
        _telling_of_device(credential, user, client),
        activity.recording("login", user.id, client),
    )
    metrics.count("SignIns")
    return signed_in


def refresh(refresh_token: str, client: Client) -> SignedIn:
    """Go on with a session: one read and one write, or no write where another request has just done the same.

    Raises:
        InvalidRefreshToken: it is not ours, or its session was ended.
        SessionExpired: it was not refreshed in time, or has reached its longest life.
        RefreshTokenReused: it is older than the last two; the session is ended now.
        Unavailable: there is no signing key yet.

    """
    token = tokens.parse_refresh_token(refresh_token)
    session = sessions.find(token.user_id, token.session_id)
    if session is None or not token.belongs_to(session):
        raise InvalidRefreshToken
    if session.is_expired:
        raise SessionExpired
    if token.counter == session.counter:
        try:
            session = sessions.refresh(session, client)
        except SessionEnded as error:
            raise InvalidRefreshToken from error
    if token.counter + 1 != session.counter:
        _end_for_reuse(session, client)
        raise RefreshTokenReused
    return _signed_in(session)


def _end_for_reuse(session: Session, client: Client) -> None:
    # Once: whoever sends an old token a hundred times at once must not have a hundred mails sent to its owner.
    ending = sessions.ending_one(session.user_id, session.id)
    telling = outbox.sending("session_ended", session.email)
    try:
        write(ending, telling, activity.recording("token_reused", session.user_id, client, outcome="failure"))
    except SessionNotFound as error:
        raise InvalidRefreshToken from error


def sign_out(session: Session, scope: Scope, client: Client) -> None:
    """Sign out here, everywhere else, or everywhere."""
    match scope:
        case "local":
            ended = sessions.ending(session)
        case "others":
            ended = sessions.ending_all(session.user_id, keep=session)
        case "global":
            ended = sessions.ending_all(session.user_id)
    write(ended, activity.recording("logout", session.user_id, client))


def end_session(user_id: str, session_id: str, client: Client) -> None:
    """End one of a user's sessions.

    Raises:
        SessionNotFound: it had ended already, or is not this user's.

    """
    write(sessions.ending_one(user_id, session_id), activity.recording("logout", user_id, client))


def confirm_password(session: Session, password: str, client: Client) -> tuple[Credential, User]:
    """Have a signed-in user prove the password; give the account. The act that it is for forgets the tries.

    Raises:
        InvalidCredentials: it is wrong, or the account locked.

    """
    return _checked(session.email, password, "user_reauthenticated", client)


def _checked(email: str, password: str, event: Event, client: Client) -> tuple[Credential, User]:
    """Check a password; every failure costs the same count, reads, hash and entry."""
    may_try = limits.try_password(email)
    credential = credentials.find(email)
    user = users.find(users.NOBODY if credential is None else credential.user_id)
    right = passwords.verify(password, None if credential is None else credential.password_hash)
    if may_try and right and credential is not None and user is not None and user.status == "active":
        return credential, user
    if may_try:
        limits.record_failure(email)
    # Of an address without an account the entry is nobody's, and soon forgotten.
    nobody = str(uuid.uuid5(uuid.NAMESPACE_OID, emails.key(email)))
    user_id, retention = (nobody, clock.HOUR) if credential is None else (credential.user_id, activity.RETENTION)
    write(activity.recording(event, user_id, client, outcome="failure", retention=retention))
    metrics.count("SignInFailures" if may_try else "LockedSignIns")
    raise InvalidCredentials


def _signed_in(session: Session) -> SignedIn:
    return SignedIn(session, tokens.access_token(session), tokens.refresh_token(session))


def _signing_in(credential: Credential, password: str, client: Client) -> list[Change]:
    known = [device for device in credential.devices if device != _device(client)]
    attributes: dict[str, str | list[str]] = {"devices": [_device(client), *known][:_MOST_DEVICES]}
    if credential.password_hash is not None and passwords.is_outdated(credential.password_hash):
        attributes["passwordHash"] = passwords.hashed(password)
    return credentials.signing_in(credential, **attributes)


def _telling_of_device(credential: Credential, user: User, client: Client) -> list[Change]:
    if not credential.devices or _device(client) in credential.devices:
        return []
    shown = client.user_agent[:_SHOWN_USER_AGENT] or "unknown"
    return outbox.sending("new_device", user.email, ip=client.ip, user_agent=shown)


def _device(client: Client) -> str:
    return hashlib.sha256(client.user_agent.encode()).hexdigest()[:16]
