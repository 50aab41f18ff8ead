"""Signing in with a provider: the code that a browser returns with, and the session that follows.

`shared.accounts.provider_accounts` says which account an identity belongs to. A second factor is asked for as after any
way in. `shared.records.flows` has the threats of codes.
"""

from collections.abc import Sequence

from shared.accounts import assurance, first_step, lookup, provider_accounts, sign_in
from shared.accounts.provider_claims import Claims
from shared.accounts.sign_in import SignedIn
from shared.core.errors import IdentityTaken, InvalidFlow, InvalidOneTimeToken
from shared.core.tables import Change, optimistic, write
from shared.records import activity, credentials, flows, identities, sessions, users
from shared.records.credentials import Credential
from shared.records.flows import Code, Flow, Subject
from shared.records.identities import Identity
from shared.records.sessions import Session
from shared.records.users import User
from shared.values.client import Client


@optimistic
def code_for(claims: Claims, provider_id: str, flow: Flow, client: Client) -> str:
    """Return the code with which the front end continues, once an identity is proved.

    Raises:
        AccountDisabled, EmailUnverified, InvitationPending, AddressReserved, LinkRequired: see
            `provider_accounts.find_or_open`.
        IdentityTaken: the flow links an account, and another one is linked to the identity.
        InvalidFlow: the flow links an account, and the session that has asked for it has ended.
        DomainNotAllowed, SignUpClosed: see `sign_up_policy`.

    """
    subject = provider_accounts.subject_of(claims, provider_id)
    if flow.session:
        return _code_that_links(subject, flow)
    credential, _, changes = provider_accounts.find_or_open(claims, subject, flow.code_challenge, client)
    code, storing = flows.issue("sign-in", credential, subject, code_challenge=flow.code_challenge)
    write(changes, storing)
    return code


@optimistic
def with_claims(claims: Claims, provider_id: str, nonce_use: Sequence[Change], client: Client) -> SignedIn:
    """Start a session with what an id token says. `nonce_use` are the changes that use its nonce.

    Raises:
        AccountDisabled, EmailUnverified, InvitationPending, AddressReserved, LinkRequired: see
            `provider_accounts.find_or_open`.
        DomainNotAllowed, SignUpClosed: see `sign_up_policy`.
        InvalidIdToken: its nonce was used before.
        MfaRequired: the account has a factor. The nonce is used.
        Unavailable: there is no signing key yet.

    """
    subject = provider_accounts.subject_of(claims, provider_id)
    credential, user, changes = provider_accounts.find_or_open(claims, subject, "", client)
    if changes:
        write(changes)
        credential, user = lookup.of_user(user.id)
    return _start(credential, user, provider_accounts.identity_of(subject, credential), client, nonce_use)


@optimistic
def redeem(code: str, code_verifier: str, session: Session | None, client: Client) -> SignedIn:
    """Return the tokens that a code stands for.

    A code for signing in starts a session. In a session of an account that has neither a password nor a factor, it is
    a proof: the session is fresh, with new tokens. A code that links an identity does so, and returns the tokens of the
    session that it was redeemed in, or starts one. If it is from an email, it needs a fresh session if the caller is in
    one of the account, and otherwise the verifier; with a factor, only a fresh session can link it.

    Raises:
        InvalidOneTimeToken: the code is wrong, used, void or expired, or the verifier or the session is another one's.
        ReauthenticationRequired: the code is from an email, and the session is not fresh.
        IdentityTaken, TooManyIdentities: it cannot be linked.
        TooManyRequests: see `limits.count_factor_change`.
        SessionEnded: the session has been ended in the meantime.
        MfaRequired: the account has a factor. A code for signing in is used; one from an email stays valid for the
            session that follows.
        Unavailable: there is no signing key yet.

    """
    found = flows.find_code(code)
    own = session if session is not None and session.user_id == found.user_id else None
    _require_right_bearer(found, code_verifier, own)
    credential = flows.credential_of(found)
    user = users.of_credential(credential)
    consuming = flows.consuming_code(found)
    if found.action == "sign-in":
        identity = provider_accounts.identity_of(found.subject, credential)
        if own is not None and "provider" in assurance.sufficient(credential):
            return _renew(own, credential, client, consuming, identities.using(identity))
        return _start(credential, user, identity, client, consuming)
    if own is None:
        # Mailbox and provider are one step. With a factor, the code stays: it links in the session that follows.
        first_step.require_second_step(credential, "email")
    if identities.id_of(found.subject.issuer, found.subject.subject) in credential.identities:
        linking = credentials.checking(credential)
    else:
        by_mailbox = found.action == "link-mailbox"
        linking = provider_accounts.linking(found.subject, credential, user, client, by_mailbox=by_mailbox, keep=own)
    write(consuming, linking)
    if own is not None:
        return sign_in.issue_tokens(sessions.get(own.user_id, own.id))
    return _start_linked(user.id, found.subject, client)


@optimistic
def _start_linked(user_id: str, subject: Subject, client: Client) -> SignedIn:
    """Start the session of a user whose identity has just been linked."""
    credential, user = lookup.of_user(user_id)
    return _start(credential, user, provider_accounts.identity_of(subject, credential), client, [])


def _require_right_bearer(code: Code, code_verifier: str, session: Session | None) -> None:
    """Require what makes a code worth something: the front end's verifier, or the session that it is for."""
    is_verified = code.is_verified_by(code_verifier)
    match code.action:
        case "sign-in":
            is_right = is_verified
        case "link-session":
            is_right = is_verified and session is not None and session.reference == code.session
        case "link-mailbox":
            is_right = is_verified or session is not None
            if session is not None:
                assurance.require_fresh(session)
    if not is_right:
        raise InvalidOneTimeToken


def _code_that_links(subject: Subject, flow: Flow) -> str:
    session = sessions.referred_to(flow.session)
    if session is None:
        raise InvalidFlow
    credential = lookup.credential_of(session)
    if credential.version != flow.version:
        # What a fresh session has to prove may have changed, such as by a new factor.
        raise InvalidFlow
    identity = identities.find(identities.id_of(subject.issuer, subject.subject))
    if identity is not None and identity.user_id != session.user_id:
        raise IdentityTaken
    if identity is None:
        provider_accounts.require_room(credential)
    code, storing = flows.issue(
        "link-session",
        credential,
        subject,
        code_challenge=flow.code_challenge,
        session=flow.session,
    )
    write(storing)
    return code


# The session -----------------------------------------------------------------------------------------


def _start(
    credential: Credential, user: User, identity: Identity, client: Client, changes: Sequence[Change]
) -> SignedIn:
    """Start the session of a user who has proved an identity, or ask for the factor. Either writes the changes."""
    using = [*changes, *identities.using(identity)]
    if credential.factors:
        write(using, credentials.checking(credential))
    first_step.require_second_step(credential, "provider")
    return sign_in.start(credential, user, client, using, proved=["provider"])


def _renew(session: Session, credential: Credential, client: Client, *changes: Sequence[Change]) -> SignedIn:
    """Return the tokens of a session in which an identity was proved again, together with these changes."""
    stored = sessions.get(session.user_id, session.id)
    signed_in = sign_in.renew(stored, client, proved="provider")
    write(
        *changes,
        credentials.checking(credential),
        sessions.replacing(stored, signed_in.session),
        activity.recording("user_reauthenticated", session.user_id, client),
    )
    return signed_in
