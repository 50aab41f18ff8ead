"""An account: its profile and its credentials, which are stored apart and change together."""

from shared.core.errors import InvalidOneTimeToken
from shared.records import credentials, users
from shared.records.credentials import Credential
from shared.records.one_time_tokens import OneTimeToken
from shared.records.users import User


def of_user(user_id: str) -> tuple[Credential, User]:
    """Give a user's account.

    Raises:
        UserNotFound: there is no such user.
        Outdated: the account was closed or its address changed meanwhile.

    """
    user = users.get(user_id)
    return users.credential_of(user), user


def of_token(token: OneTimeToken) -> tuple[Credential, User]:
    """Give the account that a token was made for.

    Raises:
        InvalidOneTimeToken: its credentials have changed since.
        Outdated: the account was closed meanwhile.

    """
    credential = credentials.by_key(token.email)
    # An address that was left is kept, but nothing that was mailed to it counts any more.
    if credential is None or credential.is_reserved or credential.version != token.version:
        raise InvalidOneTimeToken
    return credential, users.of_credential(credential)
