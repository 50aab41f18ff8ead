"""Create accounts in the tables without calling the API."""

from dataclasses import replace
from functools import cache

from shared.accounts import devices, sign_in, tokens
from shared.core import tables
from shared.records import credentials, sessions, users
from shared.values import passwords
from shared.values.choices import Role
from shared.values.client import Client
from tests.support import PASSWORD
from tests.support.api import USER_AGENT, Api

ADMIN_EMAIL = "admin@example.com"


def member(api: Api, name: str, email: str, role: Role = "user") -> Api:
    """Return a client of a new account.

    Stores in one write what registering, verifying the address and signing in would have stored.
    """
    client = Client(ip=api.ip, user_agent=USER_AGENT)
    user = users.new(name=name, email=email, role=role, email_verified=True)
    new = credentials.new(email=email, user_id=user.id, password_hash=password_hash())
    credential = replace(new, devices=(sign_in._user_agent_digest(client),), networks=(client.network,), sign_ins=1)
    session = sessions.new(user, client, device=devices.issue(credential))
    tables.write(credentials.adding(credential), users.adding(user), sessions.starting(session))
    return api.with_token(tokens.access_token(session))


@cache
def password_hash() -> str:
    """Return a hash of `PASSWORD`, which all test users share."""
    return passwords.hashed(PASSWORD)
