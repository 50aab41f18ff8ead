"""Signing in with a password, and staying signed in with refresh tokens.

Threats. An attacker tries addresses to learn which have an account: an unknown address costs the same reads, writes and
hash as a known one, and every failure raises the same error. An attacker guesses passwords: each attempt is counted
before it is checked, and a locked account looks like a wrong password. A user signs in while the password changes or
the account is disabled: the session is stored only if the credentials are still those that were checked.

An attacker steals a refresh token: using a token replaces it, and as soon as one party uses what the other's refresh
has replaced, the session ends and its owner is notified (RFC 9700, 4.14.2; `Session.verdict` has the rules). An
attacker has copied a session's tokens and waits: every proof of the password in the session replaces its key.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from shared.accounts import devices, tokens
from shared.core import metrics
from shared.core.errors import (
    InvalidCredentials,
    InvalidRefreshToken,
    RefreshTokenReused,
    SessionExpired,
    SessionNotFound,
)
from shared.core.tables import Change, optimistic, reuse_once, write
from shared.records import activity, credentials, outbox, password_tries, sessions, users
from shared.records.credentials import Credential
from shared.records.keys import ACCESS_TOKEN_LIFETIME
from shared.records.password_tries import MAX_FAILURES_OF_SECRET, Try
from shared.records.sessions import Session
from shared.records.users import User
from shared.values import passwords
from shared.values.choices import Event
from shared.values.client import Client

if TYPE_CHECKING:
    from shared.shapes.sessions import Tokens

_MAX_DEVICES = 20
_MAX_NETWORKS = 3
_MAX_SHOWN_USER_AGENT_LENGTH = 120

Scope: TypeAlias = Literal["local", "others", "global"]


@dataclass(eq=False, repr=False)
class SignedIn:
    """A session and its tokens."""

    session: Session
    access_token: str
    refresh_token: str

    def public(self) -> "Tokens":
        """Return the response for the client."""
        session = self.session
        return {
            "token": self.access_token,
            "tokenType": "Bearer",
            "expiresIn": ACCESS_TOKEN_LIFETIME,
            "refreshToken": self.refresh_token,
            "device": session.device,
            "user": {"id": session.user_id, "email": session.email, "name": session.name, "role": session.role},
        }


@optimistic
def with_password(*, email: str, password: str, device: str, client: Client) -> SignedIn:
    """Verify a password and start a session. `device` is the token of an earlier sign-in with this client, or empty.

    Raises:
        InvalidCredentials: the address is unknown, the password is wrong, or the account is disabled or locked.
        Unavailable: there is no signing key yet.

    """
    found = credentials.find(email)
    attempt = _try_of(found, email, device, client)
    credential, user = _check_password(found, password, attempt, _Attempted("login", email, client))
    signed_in = prepare(credential, user, client)
    write(
        _signing_in(credential, password, client),
        sessions.starting(signed_in.session),
        _reporting_new_device(credential, user, client),
        activity.recording("login", user.id, client),
    )
    metrics.count("SignIns")
    return signed_in


def prepare(credential: Credential, user: User, client: Client) -> SignedIn:
    """Create a session with its tokens, without storing it.

    The tokens are signed before the session is stored: without a key, no session is left behind.

    Raises:
        Unavailable: there is no signing key yet.

    """
    return _issue_tokens(sessions.new(user, client, device=devices.issue(credential)))


def starting_first(credential: Credential, session: Session, client: Client) -> list[Change]:
    """Return the changes that store credentials together with their first session."""
    signed_in = replace(credential, sign_ins=1, devices=(_device(client),), networks=(client.network,))
    return [*credentials.adding(signed_in), *sessions.starting(session)]


def resume(reference: str) -> SignedIn | None:
    """Return the tokens of the valid session that a reference refers to, or None. The caller has proved who they are.

    Raises:
        Unavailable: there is no signing key yet.

    """
    session = sessions.referred_to(reference)
    return _issue_tokens(session) if session is not None else None


@optimistic
def refresh(refresh_token: str, client: Client) -> SignedIn:
    """Issue new tokens for a session: one read and one write, or no write if another request was faster.

    A refresh from another network is recorded as activity in the same write.

    Raises:
        InvalidRefreshToken: we did not issue the token, or its session was ended.
        SessionExpired: the session was not refreshed in time, or has reached its maximum lifetime.
        RefreshTokenReused: the token is a copy, or was copied; the session has now been ended.
        Unavailable: there is no signing key yet.

    """
    token = tokens.parse_refresh_token(refresh_token)
    session = sessions.find(token.user_id, token.session_id)
    if session is None or not token.belongs_to(session):
        raise InvalidRefreshToken
    if session.is_expired:
        raise SessionExpired
    verdict = session.verdict(token.counter)
    if verdict == "reuse":
        _end_for_reuse(session, client)
        raise RefreshTokenReused
    if verdict == "repeat":
        return _issue_tokens(session)
    signed_in = _issue_tokens(sessions.refreshed(session, client, verdict=verdict))
    moved = client.network != Client(session.ip).network
    write(
        sessions.replacing(session, signed_in.session),
        activity.recording("token_refreshed", session.user_id, client) if moved else [],
    )
    return signed_in


def _end_for_reuse(session: Session, client: Client) -> None:
    # Only the request that ends the session sends an email: an old token sent a hundred times sends one.
    try:
        write(
            sessions.ending_one(session.user_id, session.id),
            outbox.sending("session_ended", session.email),
            activity.recording("token_reused", session.user_id, client, outcome="failure"),
        )
    except SessionNotFound as error:
        raise InvalidRefreshToken from error


def sign_out(session: Session, scope: Scope, client: Client) -> None:
    """End this session, all of the user's other sessions, or all of them."""
    match scope:
        case "local":
            ending = sessions.ending(session)
        case "others":
            ending = sessions.ending_all(session.user_id, keep=session)
        case "global":
            ending = sessions.ending_all(session.user_id)
    write(ending, activity.recording("logout", session.user_id, client))


def end_session(user_id: str, session_id: str, client: Client) -> None:
    """End one of a user's sessions.

    Raises:
        SessionNotFound: the session has already ended, or belongs to another user.

    """
    write(sessions.ending_one(user_id, session_id), activity.recording("logout", user_id, client))


def reauthenticate(session: Session, password: str, client: Client) -> SignedIn:
    """Verify the password of a signed-in user, and issue new tokens with a new key: the session is fresh.

    Raises:
        InvalidCredentials: the password is wrong, or the account is locked.
        SessionEnded: the session has been ended in the meantime.
        Unavailable: there is no signing key yet.

    """
    read = reuse_once(session, lambda: sessions.get(session.user_id, session.id))
    return _reauthenticate(read, password, client)


@optimistic
def _reauthenticate(read: Callable[[], Session], password: str, client: Client) -> SignedIn:
    session = read()
    credential, _ = confirm_password(session, password, client)
    signed_in = renew(session, client)
    write(
        sessions.replacing(session, signed_in.session),
        credentials.checking(credential),
        activity.recording("user_reauthenticated", session.user_id, client),
    )
    return signed_in


def renew(session: Session, client: Client) -> SignedIn:
    """Return the session with a new key, and its new tokens. The password was just proved; nothing is stored yet.

    Raises:
        Unavailable: there is no signing key yet.

    """
    return _issue_tokens(sessions.renewed(session, client))


def confirm_password(session: Session, password: str, client: Client) -> tuple[Credential, User]:
    """Verify the password of a signed-in user, and return the account. The tenth failure of a session ends it.

    Raises:
        InvalidCredentials: the password is wrong, or the session is locked.

    """
    attempt = Try(password_tries.of_session(session.id))
    attempted = _Attempted("user_reauthenticated", session.email, client)
    try:
        return _check_password(credentials.find(session.email), password, attempt, attempted)
    except InvalidCredentials:
        if attempt.failures >= MAX_FAILURES_OF_SECRET:
            write(sessions.ending(session))
        raise


class _Attempted(NamedTuple):
    """What an entry of a failed try at a password says."""

    event: Event
    email: str
    client: Client


def _try_of(credential: Credential | None, email: str, device: str, client: Client) -> Try:
    """Return the try of a client at the password of an address, which may have no account."""
    device_id = devices.identify(credential, device) if credential is not None and device else None
    if device_id is not None and not password_tries.is_exhausted(password_tries.of_device(device_id)):
        return password_tries.by_device(email, device_id)
    is_known = credential is not None and client.network in credential.networks
    return password_tries.by_client(email, client.network, is_known=is_known)


def _check_password(
    credential: Credential | None, password: str, attempt: Try, attempted: _Attempted
) -> tuple[Credential, User]:
    """Verify a password, and return the account. Every failure costs the same counts, reads, hash and activity."""
    allowed = attempt.start()
    user = users.find(users.NOBODY if credential is None else credential.user_id)
    correct = passwords.verify(password, None if credential is None else credential.password_hash)
    if allowed and correct and credential is not None and user is not None and user.status == "active":
        attempt.succeed()
        return credential, user
    if allowed:
        attempt.fail()
    event, email, client = attempted
    user_id = None if credential is None else credential.user_id
    write(activity.recording_failure(event, user_id, client, email=email))
    metrics.count("SignInFailures" if allowed else "LockedSignIns")
    raise InvalidCredentials


def _issue_tokens(session: Session) -> SignedIn:
    return SignedIn(session, tokens.access_token(session), tokens.refresh_token(session))


def _signing_in(credential: Credential, password: str, client: Client) -> list[Change]:
    known = [device for device in credential.devices if device != _device(client)]
    networks = [network for network in credential.networks if network != client.network]
    attributes: dict[str, str | list[str]] = {
        "devices": [_device(client), *known][:_MAX_DEVICES],
        "networks": [client.network, *networks][:_MAX_NETWORKS],
    }
    if credential.password_hash is not None and passwords.is_outdated(credential.password_hash):
        attributes["passwordHash"] = passwords.hashed(password)
    return credentials.signing_in(credential, **attributes)


def _reporting_new_device(credential: Credential, user: User, client: Client) -> list[Change]:
    if not credential.devices or _device(client) in credential.devices:
        return []
    user_agent = client.user_agent[:_MAX_SHOWN_USER_AGENT_LENGTH] or "unknown"
    return outbox.sending("new_device", user.email, ip=client.ip, user_agent=user_agent)


def _device(client: Client) -> str:
    return hashlib.sha256(client.user_agent.encode()).hexdigest()[:16]
