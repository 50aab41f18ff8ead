"""Sessions: starting one after any way to sign in, staying signed in with refresh tokens, and ending it.

Threats. A user signs in while the password changes or the account is disabled: the session is stored only if the
credentials are still those that were checked. An attacker steals a refresh token: using a token replaces it, and as
soon as one party uses what the other's refresh has replaced, the session ends and its owner is notified (RFC 9700,
4.14.2; `Session.verdict` has the rules).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from shared.accounts import devices, tokens
from shared.core import metrics
from shared.core.errors import InvalidRefreshToken, RefreshTokenReused, SessionExpired, SessionNotFound
from shared.core.tables import Change, optimistic, write
from shared.records import activity, credentials, outbox, sessions
from shared.records.credentials import Credential
from shared.records.keys import ACCESS_TOKEN_LIFETIME
from shared.records.sessions import Session
from shared.records.users import User
from shared.values.choices import Method
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


def start(  # noqa: PLR0913  # the account, what was proved, and what changes with it
    credential: Credential,
    user: User,
    client: Client,
    *changes: Sequence[Change],
    proved: Sequence[Method],
    factor: str = "",
    new_hash: str | None = None,
) -> SignedIn:
    """Start a session of a user who has proved all that the account requires, together with further changes.

    `new_hash` replaces an outdated hash of the password.

    Raises:
        Outdated: the credentials have changed since they were read.
        Unavailable: there is no signing key yet.

    """
    signed_in = prepare(credential, user, client, proved=proved, factor=factor)
    write(starting(signed_in, credential, user, client, by_email=False, new_hash=new_hash), *changes)
    metrics.count("SignIns")
    return signed_in


def starting(  # noqa: PLR0913  # the account, and what changes with it
    signed_in: SignedIn,
    credential: Credential,
    user: User,
    client: Client,
    *,
    by_email: bool,
    new_hash: str | None = None,
) -> list[Change]:
    """Return the changes that store a session of an account. `by_email` voids other links and codes for signing in."""
    return [
        *_signing_in(credential, client, by_email=by_email, new_hash=new_hash),
        *sessions.starting(signed_in.session),
        *_reporting_new_device(credential, user, client),
        *activity.recording("login", user.id, client),
    ]


def prepare(
    credential: Credential, user: User, client: Client, *, proved: Sequence[Method] = ("password",), factor: str = ""
) -> SignedIn:
    """Create a session with its tokens, without storing it.

    The tokens are signed before the session is stored: without a key, no session is left behind.

    Raises:
        Unavailable: there is no signing key yet.

    """
    device = devices.issue(credential)
    return issue_tokens(sessions.new(user, client, device=device, proved=proved, factor=factor))


def starting_first(credential: Credential, session: Session, client: Client) -> list[Change]:
    """Return the changes that store credentials together with their first session."""
    signed_in = replace(credential, sign_ins=1, devices=(_user_agent_digest(client),), networks=(client.network,))
    return [*credentials.adding(signed_in), *sessions.starting(session)]


def resume(reference: str) -> SignedIn | None:
    """Return the tokens of the valid session that a reference refers to, or None. The caller has proved who they are.

    Raises:
        Unavailable: there is no signing key yet.

    """
    session = sessions.referred_to(reference)
    return issue_tokens(session) if session is not None else None


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
        return issue_tokens(session)
    signed_in = issue_tokens(sessions.refreshed(session, client, verdict=verdict))
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


def renew(session: Session, client: Client, *, proved: Method, factor: str = "") -> SignedIn:
    """Return the session with a new key, and its new tokens, after another proof. Nothing is stored yet.

    Raises:
        Unavailable: there is no signing key yet.

    """
    return issue_tokens(sessions.renewed(session, client, proved=proved, factor=factor))


def issue_tokens(session: Session) -> SignedIn:
    """Return a session with its newest tokens: the same ones again, if they were issued before.

    Raises:
        Unavailable: there is no signing key yet.

    """
    return SignedIn(session, tokens.access_token(session), tokens.refresh_token(session))


def _signing_in(credential: Credential, client: Client, *, by_email: bool, new_hash: str | None) -> list[Change]:
    known = [digest for digest in credential.devices if digest != _user_agent_digest(client)]
    networks = [network for network in credential.networks if network != client.network]
    return credentials.signing_in(
        credential,
        devices=[_user_agent_digest(client), *known][:_MAX_DEVICES],
        networks=[client.network, *networks][:_MAX_NETWORKS],
        by_email=by_email,
        **({} if new_hash is None else {"passwordHash": new_hash}),
    )


def _reporting_new_device(credential: Credential, user: User, client: Client) -> list[Change]:
    if not credential.devices or _user_agent_digest(client) in credential.devices:
        return []
    user_agent = client.user_agent[:_MAX_SHOWN_USER_AGENT_LENGTH] or "unknown"
    return outbox.sending("new_device", user.email, ip=client.ip, user_agent=user_agent)


def _user_agent_digest(client: Client) -> str:
    return hashlib.sha256(client.user_agent.encode()).hexdigest()[:16]
