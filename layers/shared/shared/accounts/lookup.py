"""Reading an account: its credentials and its profile, which are stored in two tables and change together."""

from shared.core.errors import SessionEnded
from shared.records import credentials, one_time_tokens, users
from shared.records.credentials import Credential
from shared.records.one_time_tokens import OneTimeToken
from shared.records.sessions import Session
from shared.records.users import User


def of_user(user_id: str) -> tuple[Credential, User]:
    """Return a user's account.

    Raises:
        UserNotFound: there is no such user.
        Outdated: the account was closed or its address changed between the two reads.

    """
    user = users.get(user_id)
    return users.credential_of(user), user


def of_session(session: Session) -> tuple[Credential, User]:
    """Return a session's account.

    Raises:
        SessionEnded: the account has just been closed.
        Outdated: the account was closed or its address changed between the two reads.

    """
    user = users.find(session.user_id)
    if user is None:
        raise SessionEnded
    return users.credential_of(user), user


def credential_of(session: Session) -> Credential:
    """Return the credentials of a session's account. One read.

    Raises:
        SessionEnded: the account has just been closed.

    """
    credential = credentials.find(session.email)
    if credential is None or credential.user_id != session.user_id:
        raise SessionEnded
    return credential


def of_token(token: OneTimeToken) -> tuple[Credential, User]:
    """Return the account that a token was issued for.

    Raises:
        InvalidOneTimeToken: the credentials have changed since the token was issued, or are another account's.
        Outdated: the token has just been used, perhaps by the same request, or the account was closed or its address
            changed between the two reads.

    """
    credential = credentials.by_key(token.email)
    # A former address is reserved for a while, but tokens that were sent to it are no longer valid. The address of a
    # closed account may belong to another one, with the same version.
    is_current = credential is not None and (credential.user_id, credential.version) == (token.user_id, token.version)
    if credential is None or credential.is_reserved or not is_current:
        raise one_time_tokens.rejection(token)
    return credential, users.of_credential(credential)
