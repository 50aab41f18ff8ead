"""Passkeys: registering one in a session, and signing in with one.

A passkey is discoverable: a client asks for a challenge without naming an account, and the response has the account in
its user handle. It has verified its user, so it is both steps of a sign-in at once.

Threats. `shared.values.webauthn` has those of a response, and `shared.accounts.challenges` those of a challenge. An
attacker registers a passkey in a stolen session: that needs a fresh one, and the owner is notified. An attacker sends
another account's user handle: the passkey is looked up in that account, and its key verifies the signature. An attacker
has cloned an authenticator that counts: a counter that does not grow is rejected, and the owner is notified (WebAuthn
Level 3, 7.2, step 22).
"""

import uuid
from typing import TYPE_CHECKING

from shared.accounts import challenges, factors, lookup, sign_in
from shared.accounts.sign_in import SignedIn
from shared.core import clock, logs, metrics
from shared.core.config import settings, variable
from shared.core.errors import InvalidCredentials, InvalidPasskey, TooManyFactors
from shared.core.tables import Change, optimistic, write
from shared.records import activity, limits, outbox, users
from shared.records import factors as records
from shared.records.credentials import Credential
from shared.records.factors import MAX_PASSKEYS
from shared.records.passkeys import Passkey, descriptor
from shared.records.sessions import Session
from shared.records.users import User
from shared.values import authenticators, base64url, webauthn
from shared.values.client import Client
from shared.values.passkeys import AssertionJson, RegistrationJson
from shared.values.webauthn import Rejected, RelyingParty

if TYPE_CHECKING:
    from shared.shapes.passkeys import CreationOptions, RequestOptions

_TIMEOUT = challenges.LIFETIME * 1000
_UNNAMED = "Passkey"


# Registration --------------------------------------------------------------------------------------


def creation_options(session: Session) -> "CreationOptions":
    """Return the options for `navigator.credentials.create()` in this session.

    Raises:
        TooManyFactors: the account has ten passkeys already.
        Unavailable: Secrets Manager is unreachable.

    """
    found = records.of_user(session.user_id).passkeys
    if len(found) >= MAX_PASSKEYS:
        raise TooManyFactors
    return {
        "rp": {"id": _rp_id(), "name": settings().app_name},
        "user": {
            "id": base64url.encode(uuid.UUID(session.user_id).bytes),
            "name": session.email,
            "displayName": session.name,
        },
        "challenge": base64url.encode(challenges.new("register", session)),
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in webauthn.ALGORITHMS],
        "timeout": _TIMEOUT,
        "excludeCredentials": [descriptor(passkey) for passkey in found],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
        "extensions": {"credProps": True},
    }


@optimistic
def register(
    session: Session, credential: RegistrationJson, name: str | None, client: Client
) -> tuple[Passkey, list[str] | None]:
    """Store a new passkey. Without a name it gets that of its authenticator, if it is well known.

    Returns it, and ten recovery codes if it is the first factor of the account, otherwise None.

    Raises:
        InvalidPasskey: the response is invalid, or its challenge is used, expired or of another session.
        PasskeyTaken: an account has it already.
        TooManyFactors: the account has ten passkeys already.
        TooManyRequests: see `limits.count_factor_change`.
        SessionEnded: the account has just been closed.
        Unavailable: Secrets Manager is unreachable.

    """
    account, user = lookup.of_session(session)
    if len(records.of_user(user.id).passkeys) >= MAX_PASSKEYS:
        raise TooManyFactors
    response = credential["response"]
    try:
        client_data = base64url.decode(response["clientDataJSON"])
        challenge = webauthn.challenge_of(client_data)
        using = challenges.using(challenge, "register", session, otherwise=InvalidPasskey)
        new = webauthn.verify_registration(
            client_data=client_data,
            attestation_object=base64url.decode(response["attestationObject"]),
            credential_id=base64url.decode(credential["rawId"]),
            challenge=challenge,
            relying_party=_relying_party(),
        )
    except ValueError as error:
        _log(error)
        raise InvalidPasskey from error
    limits.count_factor_change(user.id)
    passkey = Passkey(
        user_id=user.id,
        credential_id=new.credential_id,
        public_key=new.public_key,
        sign_count=new.sign_count,
        backup_eligible=new.backup_eligible,
        backed_up=new.backed_up,
        aaguid=new.aaguid,
        transports=tuple(response.get("transports", ())),
        name=name or authenticators.name_of(new.aaguid) or _UNNAMED,
        created_at=clock.now(),
    )
    codes, changes = factors.gaining(account, user, passkey, client)
    write(changes, using, records.adding_passkey(passkey))
    return passkey, codes


# Assertion -----------------------------------------------------------------------------------------


def request_options() -> "RequestOptions":
    """Return the options for `navigator.credentials.get()`, which name no account.

    Raises:
        Unavailable: Secrets Manager is unreachable.

    """
    return {
        "challenge": base64url.encode(challenges.new("sign-in")),
        "rpId": _rp_id(),
        "allowCredentials": [],
        "timeout": _TIMEOUT,
        "userVerification": "required",
    }


@optimistic
def start_session(assertion: AssertionJson, client: Client) -> SignedIn:
    """Verify a passkey, and start a session of its account.

    The user handle names the account, and is not trusted before the signature is verified. A failure is not counted for
    the account: nobody guesses a signature, but anyone could send wrong ones.

    Raises:
        InvalidCredentials: the response is invalid, its challenge is used or expired, or the account is disabled.
        Unavailable: there is no signing key yet, or Secrets Manager is unreachable.

    """
    try:
        account, user = _named_by(assertion)
        passkey, changes = verify(assertion, account, client)
    except InvalidCredentials:
        metrics.count("SignInFailures")
        raise
    return sign_in.start(account, user, client, changes, proved=["passkey"], factor=passkey.id)


def _named_by(assertion: AssertionJson) -> tuple[Credential, User]:
    """Return the active account that the user handle of an assertion names.

    Raises:
        InvalidCredentials: it names none.

    """
    try:
        user_id = str(uuid.UUID(bytes=base64url.decode(assertion["response"].get("userHandle") or "")))
    except ValueError:
        user_id = users.NOBODY
    user = users.find(user_id)
    if user is None or user.status != "active":
        raise InvalidCredentials
    return users.credential_of(user), user


def verify(assertion: AssertionJson, account: Credential, client: Client) -> tuple[Passkey, list[Change]]:
    """Verify that a passkey of the account has signed a challenge of ours.

    Returns it, and the changes that use the challenge and count the signature.

    Raises:
        InvalidCredentials: the response is invalid, or its challenge is used or expired.
        Unavailable: Secrets Manager is unreachable.

    """
    response = assertion["response"]
    try:
        client_data = base64url.decode(response["clientDataJSON"])
        challenge = webauthn.challenge_of(client_data)
        using = challenges.using(challenge, "sign-in", otherwise=InvalidCredentials)
        passkey = records.passkey(account.user_id, base64url.decode(assertion["rawId"]))
        if passkey is None or passkey.id not in account.factors:
            raise Rejected("the account has no such passkey")
        found = webauthn.verify_assertion(
            client_data=client_data,
            authenticator_data=base64url.decode(response["authenticatorData"]),
            signature=base64url.decode(response["signature"]),
            public_key=passkey.public_key,
            challenge=challenge,
            relying_party=_relying_party(),
        )
        if found.backup_eligible != passkey.backup_eligible:
            raise Rejected("the backup eligibility has changed")
    except ValueError as error:
        _log(error)
        raise InvalidCredentials from error
    if found.sign_count <= passkey.sign_count and (found.sign_count or passkey.sign_count):
        _report_clone(passkey, account, client)
        raise InvalidCredentials
    counting = records.using_passkey(passkey, sign_count=found.sign_count, backed_up=found.backed_up)
    return passkey, [*using, *counting]


def _log(error: ValueError) -> None:
    logs.logger.info("passkey rejected", extra={"fields": {"reason": str(error)}})


def _report_clone(passkey: Passkey, account: Credential, client: Client) -> None:
    """Record that the counter of a passkey has not grown. The owner gets one email a day."""
    is_news = passkey.suspected_at + clock.DAY <= clock.now()
    write(
        activity.recording("passkey_clone_suspected", account.user_id, client, outcome="failure"),
        [*records.suspecting_clone(passkey), *outbox.sending("passkey_cloned", account.address)] if is_news else [],
    )


def _rp_id() -> str:
    return variable("PASSKEY_RP_ID")


def _relying_party() -> RelyingParty:
    return RelyingParty(_rp_id(), frozenset(variable("PASSKEY_ORIGINS").split(",")))
