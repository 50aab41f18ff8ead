"""The factors of an account: adding, confirming, renaming and removing them, and their recovery codes.

Threats. An attacker with a stolen session adds a factor of their own, or removes the owner's: both need a fresh
session, the owner is notified, and the undo of a change of address removes what was added since. An attacker keeps a
session that a removed factor has raised: the removal lowers it. Two confirmations arrive at once, or a removal during a
sign-in: each changes the version of the credentials, and one of the two starts again.
"""

from dataclasses import replace
from typing import NamedTuple

from shared.accounts import assurance, lookup
from shared.core.config import settings
from shared.core.errors import (
    FactorConfirmed,
    FactorNotFound,
    InvalidCredentials,
    NoFactors,
    TooManyFactors,
)
from shared.core.tables import Change, optimistic, write
from shared.records import activity, apps, credentials, factors, limits, outbox, recovery_codes, sessions
from shared.records.credentials import Credential
from shared.records.factors import MAX_APPS, Factor
from shared.records.passkeys import Passkey
from shared.records.sessions import Session
from shared.records.users import User
from shared.values import totp
from shared.values.client import Client


class NewApp(NamedTuple):
    """An authenticator app that waits for its first code, with its secret as base32 and as the URI of a QR code."""

    id: str
    secret: str
    uri: str


@optimistic
def add_app(session: Session, name: str) -> NewApp:
    """Create a secret for an authenticator app, which asks for nothing until it is confirmed within ten minutes.

    It replaces one that still waits.

    Raises:
        TooManyFactors: the account has five already.
        SessionEnded: the account has just been closed.
        Unavailable: Secrets Manager is unreachable.

    """
    credential, user = lookup.of_session(session)
    if len(factors.of_user(user.id).apps) >= MAX_APPS:
        raise TooManyFactors
    app, secret = apps.new(user.id, name)
    write(credentials.touching(credential), factors.adding_app(app))
    uri = totp.uri(secret, issuer=settings().app_name, account=user.email)
    return NewApp(app.id, totp.text_of(secret), uri)


@optimistic
def confirm(session: Session, factor_id: str, code: str, client: Client) -> list[str] | None:
    """Confirm an authenticator app with its first code. From now on, every way in asks for it.

    Returns ten recovery codes if it is the first factor of the account, otherwise None.

    Raises:
        FactorNotFound: there is no such factor, or it was not confirmed in time.
        FactorConfirmed: it was confirmed before.
        InvalidCredentials: the code is wrong. It is not counted: whoever sends it has the secret.
        TooManyFactors: the account has five already.
        TooManyRequests: see `limits.count_factor_change`.
        SessionEnded: the account has just been closed.
        Unavailable: Secrets Manager is unreachable.

    """
    credential, user = lookup.of_session(session)
    found = factors.of_user(user.id)
    app = _find(found, factor_id)
    if isinstance(app, Passkey) or app.confirmed_at is not None:
        raise FactorConfirmed
    if len(found.apps) >= MAX_APPS:
        raise TooManyFactors
    step = app.step_of(code)
    if step is None:
        raise InvalidCredentials
    limits.count_factor_change(user.id)
    codes, changes = gaining(credential, user, app, client)
    write(changes, factors.confirming_app(app, step))
    return codes


def gaining(
    credential: Credential, user: User, factor: Factor, client: Client
) -> tuple[list[str] | None, list[Change]]:
    """Return the recovery codes that come with a first factor, otherwise None, and the changes that follow from it."""
    codes, storing = (None, []) if credential.factors else recovery_codes.new(user.id)
    return codes, [
        *credentials.changing(credential, factors={**credential.factors, factor.id: factor.type}),
        *storing,
        *outbox.sending("factor_added", user.email),
        *activity.recording("factor_added", user.id, client),
    ]


def rename(session: Session, factor_id: str, name: str, client: Client) -> Factor:
    """Rename a factor, and return it.

    Raises:
        FactorNotFound: there is no such factor, or it is not confirmed.

    """
    factor = _find(factors.of_user(session.user_id), factor_id, is_confirmed=True)
    write(
        factors.renaming(session.user_id, factor_id, name),
        activity.recording("factor_updated", session.user_id, client),
    )
    return factor._replace(name=name)


@optimistic
def remove(session: Session, factor_id: str, client: Client) -> None:
    """Remove a factor. With the last one, the recovery codes go too. Sessions that it has raised fall to `aal` 1.

    Raises:
        FactorNotFound: there is no such factor.
        LastWayIn: it is the last passkey of an account without a password and without an identity.
        TooManyRequests: see `limits.count_factor_change`.
        SessionEnded: the account has just been closed.

    """
    credential, user = lookup.of_session(session)
    found = factors.of_user(user.id)
    factor = _find(found, factor_id)
    if factor.confirmed_at is None:
        write(factors.removing(factor))
        return
    left = {each: kind for each, kind in credential.factors.items() if each != factor.id}
    if factor.type == "passkey":
        assurance.require_way_in(replace(credential, factors=left))
    limits.count_factor_change(user.id)
    write(
        credentials.changing(credential, factors=left),
        factors.removing(factor),
        [] if left else recovery_codes.removing(found.recovery_codes),
        sessions.lowering(user.id, factor.id if left else None),
        outbox.sending("factor_removed", user.email),
        activity.recording("factor_unenrolled", user.id, client),
    )


@optimistic
def renew_recovery_codes(session: Session, client: Client) -> list[str]:
    """Create ten recovery codes, and void the earlier ones.

    Raises:
        NoFactors: the account has no factor.
        TooManyRequests: see `limits.count_factor_change`.
        SessionEnded: the account has just been closed.
        Unavailable: Secrets Manager is unreachable.

    """
    credential, user = lookup.of_session(session)
    if not credential.factors:
        raise NoFactors
    limits.count_factor_change(user.id)
    codes, storing = recovery_codes.new(user.id)
    write(
        credentials.touching(credential),
        storing,
        outbox.sending("recovery_codes_renewed", user.email),
        activity.recording("generate_recovery_codes", user.id, client),
    )
    return codes


@optimistic
def reset(user_id: str, client: Client) -> None:
    """Remove all factors of another user, who has lost them, and end all sessions of that user.

    Raises:
        UserNotFound: there is no such user.

    """
    credential, user = lookup.of_user(user_id)
    write(
        credentials.changing(credential, factors={}),
        factors.removing_all(factors.of_user(user.id)),
        sessions.ending_all(user.id),
        outbox.sending("factors_reset", user.email),
        activity.recording("factors_reset", user.id, client),
    )


def _find(found: factors.Factors, factor_id: str, *, is_confirmed: bool = False) -> Factor:
    """Return the factor with this id.

    Raises:
        FactorNotFound: there is none.

    """
    candidates = found.confirmed if is_confirmed else found.all
    factor = next((each for each in candidates if each.id == factor_id), None)
    if factor is None:
        raise FactorNotFound
    return factor
