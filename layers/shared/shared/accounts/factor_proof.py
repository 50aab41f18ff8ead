"""Proof of a factor: a code of an authenticator app, a recovery code, or a passkey.

Threats. An attacker guesses codes: tries are counted for the account, not for the challenge, over all factors, and
before they are checked; a lock looks like a wrong code. An attacker has seen a code: it is accepted once, in the
transaction that it is a proof for, even if it is sent twice at the same time (RFC 6238, 5.2).
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from shared.accounts import passkeys, password_proof
from shared.core import metrics
from shared.core.errors import CodeAlreadyUsed, InvalidCredentials, InvalidInput, Unavailable
from shared.core.tables import Change, write
from shared.records import activity, factors, outbox, recovery_codes, tries
from shared.records.credentials import Credential
from shared.records.sessions import Session
from shared.records.tries import Try
from shared.values.choices import Event, Method
from shared.values.client import Client
from shared.values.passkeys import AssertionJson


class Proved(NamedTuple):
    """What was proved. `factor` is its id. `changes` belong into the transaction that the proof is for."""

    method: Method
    factor: str
    changes: list[Change]


class Proof(NamedTuple):
    """A proof that a client has sent.

    `check` raises InvalidCredentials if it is wrong, CodeAlreadyUsed if the code was accepted before, and Unavailable
    if Secrets Manager is unreachable.
    """

    method: Method
    check: Callable[[Credential, Client], Proved]


def one_of(*, code: str | None, recovery_code: str | None, credential: AssertionJson | None) -> Proof:
    """Return the proof that a client has sent: the six digits of an authenticator app, a recovery code or a passkey.

    Raises:
        InvalidInput: it has sent none, or several.

    """
    sent = [
        *([Proof("totp", partial(_check_code, code))] if code is not None else []),
        *([Proof("recovery_code", partial(_check_recovery_code, recovery_code))] if recovery_code is not None else []),
        *([Proof("passkey", partial(_check_passkey, credential))] if credential is not None else []),
    ]
    if len(sent) != 1:
        raise InvalidInput("Provide one of code, recoveryCode, credential")
    return sent[0]


def _check_code(code: str, credential: Credential, _: Client) -> Proved:
    is_used = False
    for app in factors.of_user(credential.user_id).apps:
        step = app.step_of(code)
        if step is not None and step > app.last_step:
            return Proved("totp", app.id, factors.using_app(app, step))
        is_used = is_used or step is not None
    raise CodeAlreadyUsed if is_used else InvalidCredentials


def _check_recovery_code(code: str, credential: Credential, client: Client) -> Proved:
    codes = factors.of_user(credential.user_id).recovery_codes
    position = None if codes is None else codes.position(recovery_codes.normalized(code))
    if codes is None or position is None:
        raise InvalidCredentials
    left = len(codes.digests) - 1
    changes = [
        *recovery_codes.using(codes, position),
        *outbox.sending("recovery_code_used", credential.address, left=str(left)),
        *activity.recording("recovery_code_used", credential.user_id, client),
    ]
    return Proved("recovery_code", recovery_codes.KEY, changes)


def _check_passkey(assertion: AssertionJson, credential: Credential, client: Client) -> Proved:
    passkey, changes = passkeys.verify(assertion, credential, client)
    return Proved("passkey", passkey.id, changes)


def at_sign_in(proof: Proof, credential: Credential, client: Client, *, device_id: str) -> Proved:
    """Verify a factor after the first step of a sign-in. `device_id` is that of the client, or "".

    Raises:
        InvalidCredentials: it is wrong, or the account is locked for this client.
        CodeAlreadyUsed: the code was accepted before.
        Unavailable: Secrets Manager is unreachable.

    """
    tried = tries.at_factors(credential.user_id)
    valid, is_known = tries.valid_device(tried, device_id), client.network in credential.networks
    attempt = tries.by_client(tried, client.network, is_known=is_known, device_id=valid)
    return _check(proof, credential, client, attempt, "login")


def in_session(session: Session, proof: Proof, client: Client, credential: Credential) -> Proved:
    """Verify a factor of a signed-in user. The tenth failure of a session ends it.

    Raises:
        InvalidCredentials: it is wrong, or the session is locked.
        CodeAlreadyUsed: the code was accepted before.
        Unavailable: Secrets Manager is unreachable.

    """
    attempt = Try(tries.of_session("factors", session.id))
    with password_proof.ending_after_failures(session):
        return _check(proof, credential, client, attempt, "user_reauthenticated")


def _check(proof: Proof, credential: Credential, client: Client, attempt: Try, event: Event) -> Proved:
    allowed = attempt.start()
    try:
        # Checked even if locked, so that the response time does not reveal the lock.
        proved = proof.check(credential, client)
    except InvalidCredentials:
        proved = None
    except CodeAlreadyUsed:
        if allowed:
            attempt.withdraw()
            raise
        proved = None
    except Unavailable:
        if allowed:
            attempt.withdraw()
        raise
    if allowed and proved is not None:
        attempt.succeed()
        return proved
    if allowed:
        attempt.fail()
    write(activity.recording(event, credential.user_id, client, outcome="failure"))
    metrics.count("SignInFailures" if allowed else "LockedSignIns")
    raise InvalidCredentials
