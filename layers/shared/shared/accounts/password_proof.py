"""Proof of a password: at a sign-in, and again in a session.

Threats. An attacker tries addresses to learn which have an account: an unknown address costs the same reads, writes and
hash as a known one, and every failure raises the same error. An attacker guesses passwords: each try is counted before
it is checked, and a locked account looks like a wrong password.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from shared.accounts import devices
from shared.core import metrics
from shared.core.errors import InvalidCredentials, Unavailable
from shared.core.tables import write
from shared.records import activity, credentials, sessions, tries, users
from shared.records.credentials import Credential
from shared.records.sessions import Session
from shared.records.tries import Try
from shared.records.users import User
from shared.values import passwords
from shared.values.choices import Event
from shared.values.client import Client


class ProvedAccount(NamedTuple):
    """The account whose password was proved. `device_id` is that of the client, or ""."""

    credential: Credential
    user: User
    device_id: str


def at_sign_in(*, email: str, password: str, device_token: str, client: Client) -> ProvedAccount:
    """Verify the password of an address. `device_token` is that of an earlier sign-in with this client, or empty.

    Raises:
        InvalidCredentials: the address is unknown, the password is wrong, or the account is disabled or locked.

    """
    credential = credentials.find(email)
    tried = tries.at_password(email)
    device_id = devices.identify(credential, device_token) if credential is not None and device_token else None
    valid = tries.valid_device(tried, device_id or "")
    is_known = credential is not None and client.network in credential.networks
    attempt = tries.by_client(tried, client.network, is_known=is_known, device_id=valid)
    return ProvedAccount(*_check(credential, password, attempt, _Attempted("login", email, client)), valid)


def in_session(
    session: Session, password: str, client: Client, credential: Credential | None = None
) -> tuple[Credential, User]:
    """Verify the password of a signed-in user, and return the account. The tenth failure of a session ends it.

    `credential` is the account's, if the caller has just read it.

    Raises:
        InvalidCredentials: the password is wrong, or the session is locked.

    """
    attempt = Try(tries.of_session("password", session.id))
    attempted = _Attempted("user_reauthenticated", session.email, client)
    with ending_after_failures(session):
        return _check(credential or credentials.find(session.email), password, attempt, attempted)


@contextmanager
def ending_after_failures(session: Session) -> Iterator[None]:
    """End the session if the proof inside is its tenth failure, at its password and its factors together."""
    try:
        yield
    except InvalidCredentials:
        if tries.must_end(session.id):
            write(sessions.ending(session))
        raise


class _Attempted(NamedTuple):
    """What the activity of a failed try says."""

    event: Event
    email: str
    client: Client


def _check(
    credential: Credential | None, password: str, attempt: Try, attempted: _Attempted
) -> tuple[Credential, User]:
    """Verify a password, and return the account. Every failure costs the same counts, reads, hash and activity."""
    allowed = attempt.start()
    try:
        user = users.find(users.NOBODY if credential is None else credential.user_id)
    except Unavailable:
        if allowed:
            attempt.withdraw()
        raise
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
