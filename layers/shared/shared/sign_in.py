"""Signing in with a password.

Threats. Somebody tries addresses to learn which have an account: for an unknown one the same reads are made and the
same hash is computed, and every failure is the same error. Somebody signs in while the password is changed or the
account is disabled: the session is stored only if the credentials are still the ones that were checked.
"""

from dataclasses import dataclass

from shared import credentials, passwords, sessions, tokens, users
from shared.errors import EmailNotVerified, InvalidCredentials
from shared.sessions import Session
from shared.tables import optimistic, write
from shared.users import User

# What is looked up where an address has no account, so that it takes as long; no user has this id.
_NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user with a new session, and the tokens to use it by."""

    user: User
    session: Session
    access_token: str
    refresh_token: str


@optimistic
def with_password(*, email: str, password: str, ip: str, user_agent: str) -> SignedIn:
    """Start a session.

    Raises:
        InvalidCredentials: the address is unknown, the password wrong or the account disabled.
        EmailNotVerified: all is right, but the address was never confirmed.
        Unavailable: there is no signing key yet.

    """
    credential = credentials.find(email)
    user = users.find(_NOBODY if credential is None else credential.user_id)
    right = passwords.verify(password, None if credential is None else credential.password_hash)
    if not right or credential is None or user is None or user.status != "active":
        raise InvalidCredentials
    if not credential.verified:
        raise EmailNotVerified
    session = sessions.new(user, ip=ip, user_agent=user_agent)
    # Signed before the session is stored: without a key there is nothing to be left behind.
    access_token = tokens.access_token(user, session)
    write(credentials.signing_in(credential), sessions.starting(session))
    return SignedIn(user, session, access_token, tokens.refresh_token(session))
