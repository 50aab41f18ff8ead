"""Proving again who one is, within a session.

Threats. An attacker has copied a session's tokens and waits: every proof in the session replaces its key. An attacker
uses a weaker proof than the account has: only those that `assurance.sufficient` names are checked, and no other counts
as a try.
"""

from collections.abc import Callable

from shared.accounts import assurance, email_sign_in, factor_proof, lookup, password_proof, sign_in
from shared.accounts.factor_proof import Proof, Proved
from shared.accounts.sign_in import SignedIn
from shared.core.errors import InvalidOneTimeToken, ReauthenticationRequired
from shared.core.tables import optimistic, reuse_once, write
from shared.records import activity, credentials, sessions, sign_in_requests
from shared.records.credentials import Credential
from shared.records.sessions import Session
from shared.records.sign_in_requests import SignInRequest
from shared.values.choices import Method
from shared.values.client import Client


def with_password(session: Session, password: str, client: Client) -> SignedIn:
    """Verify the password of a signed-in user, and issue new tokens with a new key: the session is fresh.

    Raises:
        InvalidCredentials: the password is wrong, or the session is locked.
        ReauthenticationRequired: the account has a factor, or no password.
        SessionEnded: the session has been ended in the meantime.
        Unavailable: there is no signing key yet.

    """

    def prove(session: Session, credential: Credential) -> Proved:
        password_proof.in_session(session, password, client, credential)
        return Proved("password", "", [])

    return _reauthenticate(session, "password", prove, client)


def with_factor(session: Session, proof: Proof, client: Client) -> SignedIn:
    """Verify a factor of a signed-in user, and issue new tokens with a new key: the session is fresh, and its `aal` 2.

    Raises:
        InvalidCredentials: it is wrong, or the session is locked.
        CodeAlreadyUsed: the code was accepted before.
        ReauthenticationRequired: the account has no factor.
        SessionEnded: the session has been ended in the meantime.
        Unavailable: there is no signing key yet, or Secrets Manager is unreachable.

    """

    def prove(session: Session, credential: Credential) -> Proved:
        return factor_proof.in_session(session, proof, client, credential)

    return _reauthenticate(session, proof.method, prove, client)


def with_email(session: Session, secret: str, code: str, client: Client) -> SignedIn:
    """Verify the code of an email, and issue new tokens with a new key: the session is fresh.

    `secret` is that of the request that caused the email. A repeat within a minute returns the session's tokens again.

    Raises:
        InvalidOneTimeToken: the code is wrong, used, void or expired, or the request is for another account.
        ReauthenticationRequired: the account has a factor, or a password.
        SessionEnded: the session has been ended in the meantime.
        Unavailable: there is no signing key yet.

    """
    # First, so that an account for which it is not sufficient has no try.
    credential = _require_sufficient(session, "email")
    read_credential = reuse_once(credential, lambda: _require_sufficient(session, "email"))
    return _renew_by_email(session, read_credential, email_sign_in.prove_code(secret, code, "reauthentication"), client)


@optimistic
def _renew_by_email(
    session: Session,
    read_credential: Callable[[], Credential],
    read_request: Callable[[], SignInRequest],
    client: Client,
) -> SignedIn:
    session = sessions.get(session.user_id, session.id)
    credential, request = read_credential(), read_request()
    email_sign_in.require_request_of(credential, request)
    if request.used_by is not None:
        if request.session != session.reference:
            raise InvalidOneTimeToken
        return sign_in.issue_tokens(session)
    signed_in = sign_in.renew(session, client, proved="email")
    write(
        credentials.proving_email(credential),
        sign_in_requests.using(request, "reauthentication", session.reference),
        sessions.replacing(session, signed_in.session),
        activity.recording("user_reauthenticated", session.user_id, client),
    )
    return signed_in


def _reauthenticate(
    session: Session, method: Method, prove: Callable[[Session, Credential], Proved], client: Client
) -> SignedIn:
    read = reuse_once(session, lambda: sessions.get(session.user_id, session.id))
    return _renew(read, method, prove, client)


@optimistic
def _renew(
    read: Callable[[], Session], method: Method, prove: Callable[[Session, Credential], Proved], client: Client
) -> SignedIn:
    session = read()
    credential = _require_sufficient(session, method)
    proved = prove(session, credential)
    signed_in = sign_in.renew(session, client, proved=proved.method, factor=proved.factor)
    write(
        # A factor that is removed at the same time must not raise the session.
        credentials.touching(credential) if proved.factor else credentials.checking(credential),
        proved.changes,
        sessions.replacing(session, signed_in.session),
        activity.recording("user_reauthenticated", session.user_id, client),
    )
    return signed_in


def _require_sufficient(session: Session, method: Method) -> Credential:
    """Return the credentials of a session's account, for which a proof by this method must be sufficient."""
    credential = lookup.credential_of(session)
    methods = assurance.sufficient(credential)
    if method not in methods:
        raise ReauthenticationRequired(methods)
    return credential
