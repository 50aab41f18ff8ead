"""Assurance: what an account has to prove at a sign-in, and again for what a stolen session must not do.

One rule for both:

| the account has | it proves at a sign-in | a session is fresh after |
|---|---|---|
| a factor | the first step, and a factor | a factor |
| no factor, but a password | the first step | its password |
| neither | the first step | a sign-in with a linked provider, or a link or code in an email |

The first step is a password, a linked provider, or a link or code in an email. A passkey that has verified its user is
both steps at once. Fresh means that the proof is less than ten minutes old.

`shared.accounts.first_step` requires the second step of a sign-in.
"""

from typing import get_args

from shared.accounts import lookup
from shared.core import clock
from shared.core.errors import LastWayIn, ReauthenticationRequired
from shared.records.credentials import Credential
from shared.records.sessions import Session
from shared.values.choices import FactorType, Method

# How long after its proof a session may do what a stolen device or token must not.
FRESH_PERIOD = 10 * clock.MINUTE
_FACTOR_TYPES: tuple[FactorType, ...] = get_args(FactorType)


def sufficient(credential: Credential) -> tuple[Method, ...]:
    """Return the proofs of which each is the strongest that the account has."""
    types = set(credential.factors.values())
    if types:
        return (*(each for each in _FACTOR_TYPES if each in types), "recovery_code")
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
