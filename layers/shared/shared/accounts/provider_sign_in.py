"""Signing in with a provider: which account an identity belongs to, and the session that follows.

| the identity | its address | what happens |
|---|---|---|
| is linked | any | its account signs in |
| is not | is not verified by the provider | nothing |
| is not | has no account | an account is opened, without a password |
| is not | is invited, or held for an undo | the invitation, or the link to undo, is mailed again |
| is not | has an account | it is linked if `SocialLinking` is `auto`; otherwise its owner is mailed a link |

Each row is one transaction.

Threats. An attacker registers the victim's address first and waits until the victim signs in with a provider, or opens
an account at the provider with the victim's address: neither side's word links the two. Only the owner of the mailbox
or of a session does, and with `auto`, only if both sides have verified the address. An attacker uses a provider that
the account trusts, with an address that has changed hands: identities are found by issuer and subject. A second factor
is asked for as after any way in.
"""

from collections.abc import Sequence
from dataclasses import replace

from shared.accounts import assurance, first_step, lookup, sign_in, sign_up_policy
from shared.accounts.provider_claims import Claims
from shared.accounts.sign_in import SignedIn
from shared.core import clock
from shared.core.config import variable
from shared.core.errors import (
    AccountDisabled,
    AddressReserved,
    EmailUnverified,
    IdentityTaken,
    InvalidFlow,
    InvalidOneTimeToken,
    InvitationPending,
    LinkRequired,
    Outdated,
    TooManyIdentities,
)
from shared.core.tables import Change, optimistic, write
from shared.records import (
    activity,
    credentials,
    flows,
    identities,
    limits,
    outbox,
    providers,
    sessions,
    suppressions,
    users,
)
from shared.records.credentials import Credential
from shared.records.flows import Code, Flow, Subject
from shared.records.identities import MAX_IDENTITIES, Identity
from shared.records.sessions import Session
from shared.records.users import User
from shared.values import emails
from shared.values.client import Client


@optimistic
def code_for(claims: Claims, provider_id: str, flow: Flow, client: Client) -> str:
    """Return the code with which the front end continues, once an identity is proved.

    Raises:
        AccountDisabled, EmailUnverified, InvitationPending, AddressReserved, LinkRequired: see `_account_of`.
        IdentityTaken: the flow links an account, and another one is linked to the identity.
        InvalidFlow: the flow links an account, and the session that has asked for it has ended.
        DomainNotAllowed, SignUpClosed: see `sign_up_policy`.

    """
    subject = _subject(claims, provider_id)
    if flow.session:
        return _code_that_links(subject, flow)
    credential, _, changes = _account_of(claims, subject, flow.code_challenge, client)
    code, storing = flows.issue("sign-in", credential, subject, code_challenge=flow.code_challenge)
    write(changes, storing)
    return code


@optimistic
def with_claims(claims: Claims, provider_id: str, nonce_use: Sequence[Change], client: Client) -> SignedIn:
    """Start a session with what an id token says. `nonce_use` are the changes that use its nonce.

    Raises:
        AccountDisabled, EmailUnverified, InvitationPending, AddressReserved, LinkRequired: see `_account_of`.
        DomainNotAllowed, SignUpClosed: see `sign_up_policy`.
        InvalidIdToken: its nonce was used before.
        MfaRequired: the account has a factor. The nonce is used.
        Unavailable: there is no signing key yet.

    """
    subject = _subject(claims, provider_id)
    credential, user, changes = _account_of(claims, subject, "", client)
    if changes:
        write(changes)
        credential, user = lookup.of_user(user.id)
    return _start(credential, user, _identity_of(subject, credential), client, nonce_use)


@optimistic
def redeem(code: str, code_verifier: str, session: Session | None, client: Client) -> SignedIn:
    """Return the tokens that a code stands for: those of a new session or, in a session of the account, those of it.

    A code that links an identity does so first. One from an email needs the verifier, or a fresh session; it links an
    account that has a factor in a fresh session only.

    Raises:
        InvalidOneTimeToken: the code is wrong, used, void or expired, or the verifier or the session is another one's.
        ReauthenticationRequired: the code is from an email, and the session is not fresh.
        IdentityTaken, TooManyIdentities: it cannot be linked.
        MfaRequired: the account has a factor. The code is used.
        AccountDisabled: an administrator has disabled the account since.
        Unavailable: there is no signing key yet.

    """
    found = flows.find_code(code)
    own = session if session is not None and session.user_id == found.user_id else None
    _require_right_bearer(found, code_verifier, own)
    credential = flows.credential_of(found)
    user = users.of_credential(credential)
    _require_active(user)
    consuming = flows.consuming_code(found)
    if found.action == "sign-in":
        identity = _identity_of(found.subject, credential)
        if own is not None and "provider" in assurance.sufficient(credential):
            return _renew(own, credential, client, consuming, identities.using(identity))
        return _start(credential, user, identity, client, consuming)
    if own is None:
        # Mailbox and provider are one step. With a factor, the code stays: it links in the session that follows.
        first_step.require_second_step(credential, "email")
    linking = _linking(found.subject, credential, user, client)
    if own is not None:
        write(consuming, linking)
        return sign_in.issue_again(sessions.get(own.user_id, own.id))
    verifying = [] if user.email_verified else users.replacing(user, users.updated(user, email_verified=True))
    write(consuming, linking, verifying)
    credential, user = lookup.of_user(user.id)
    return _start(credential, user, _identity_of(found.subject, credential), client, [])


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


# Which account ---------------------------------------------------------------------------------------


def _account_of(
    claims: Claims, subject: Subject, code_challenge: str, client: Client
) -> tuple[Credential, User, list[Change]]:
    """Return the account of an identity, and the changes that open or link it, if it is not linked yet.

    Raises:
        AccountDisabled: an administrator has disabled the account.
        EmailUnverified: the identity is unknown, and the provider has not verified an address.
        InvitationPending, AddressReserved: nothing is opened; the invitation, or the link to undo, is mailed again.
        LinkRequired: the address has an account, whose owner is mailed a link. `code_challenge` is for that link.

    """
    identity = identities.find(identities.id_of(subject.issuer, subject.subject))
    if identity is not None:
        user = users.find(identity.user_id)
        if user is None:
            # The account has just been closed.
            raise Outdated
        _require_active(user)
        return users.credential_of(user), user, []
    if not claims.email:
        raise EmailUnverified
    credential = credentials.find(claims.email)
    if credential is None:
        return _opening(claims, subject, client)
    if credential.invited:
        _mail_invitation_again(credential, client)
        raise InvitationPending
    if credential.is_reserved:
        _mail_undo_again(credential, client)
        raise AddressReserved
    if identities.find(identities.id_of(subject.issuer, subject.subject)) is not None:
        # It was opened or linked between the two reads, perhaps by the same person.
        raise Outdated
    user = users.of_credential(credential)
    _require_active(user)
    if not _may_link_at_once(claims, credential, user):
        _mail_link(credential, subject, code_challenge, client)
        raise LinkRequired
    linking = _linking(subject, credential, user, client)
    # As they will be: a code that is issued in the same transaction is for this version.
    return replace(credential, version=credential.version + 1), user, linking


def _may_link_at_once(claims: Claims, credential: Credential, user: User) -> bool:
    """Return whether the parameter allows to link an account that nothing else is known of than its address.

    Not if the two addresses only have the same key, and may be two mailboxes; and not past a factor, or to an
    administrator.
    """
    is_same = claims.email.lower() == credential.address.lower()
    is_plain = user.email_verified and credential.is_proved and not credential.factors and user.role == "user"
    return variable("SOCIAL_LINKING") == "auto" and is_same and is_plain


def _opening(claims: Claims, subject: Subject, client: Client) -> tuple[Credential, User, list[Change]]:
    sign_up_policy.require_open(claims.email)
    # The provider says that the user owns the mailbox, not that our emails arrive.
    reason = suppressions.reason_for(claims.email)
    user = users.new(
        name=claims.name or emails.name_in(claims.email),
        email=claims.email,
        role="user",
        email_verified=True,
        email_status=reason,
    )
    identity = _new_identity(subject, user.id)
    credential = credentials.new(
        email=claims.email,
        user_id=user.id,
        password_hash=None,
        signed_up=True,
        identities={identity.id: identity.provider},
        is_proved=False,
    )
    return (
        credential,
        user,
        [
            *users.adding(user),
            *credentials.adding(credential),
            *identities.adding(identity),
            *suppressions.checking(user.email, reason),
            *outbox.sending("account_opened", user.email, network=client.network, provider=subject.provider),
            *activity.recording("user_signedup", user.id, client),
        ],
    )


def _linking(subject: Subject, credential: Credential, user: User, client: Client) -> list[Change]:
    """Return the changes that link an identity to an account, and tell its owner.

    Raises:
        TooManyIdentities: the account has eight.
        TooManyRequests: see `limits.count_factor_change`.

    """
    _require_room(credential)
    limits.count_factor_change(user.id)
    identity = _new_identity(subject, user.id)
    return [
        *credentials.changing(credential, identities={**credential.identities, identity.id: identity.provider}),
        *identities.adding(identity),
        *outbox.sending("identity_linked", user.email, provider=providers.name_of(subject.provider)),
        *activity.recording("identity_linked", user.id, client),
    ]


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
        _require_room(credential)
    code, storing = flows.issue(
        "sign-in" if identity is not None else "link-session",
        credential,
        subject,
        code_challenge=flow.code_challenge,
        session=flow.session,
    )
    write(storing)
    return code


def _subject(claims: Claims, provider_id: str) -> Subject:
    return Subject(provider_id, claims.issuer, claims.subject, claims.email)


def _new_identity(subject: Subject, user_id: str) -> Identity:
    return Identity(
        issuer=subject.issuer,
        subject=subject.subject,
        provider=subject.provider,
        user_id=user_id,
        email=subject.email,
        created_at=clock.now(),
        last_used_at=clock.now(),
    )


def _identity_of(subject: Subject, credential: Credential) -> Identity:
    identity = identities.find(identities.id_of(subject.issuer, subject.subject))
    if identity is None or identity.user_id != credential.user_id:
        raise InvalidOneTimeToken
    return identity


def _require_active(user: User) -> None:
    if user.status != "active":
        raise AccountDisabled


def _require_room(credential: Credential) -> None:
    if len(credential.identities) >= MAX_IDENTITIES:
        raise TooManyIdentities


# The session -----------------------------------------------------------------------------------------


def _start(
    credential: Credential, user: User, identity: Identity, client: Client, changes: Sequence[Change]
) -> SignedIn:
    """Start the session of a user who has proved an identity, or ask for the factor. Both need these changes."""
    using = [*changes, *identities.using(identity)]
    if credential.factors and using:
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


# Emails ----------------------------------------------------------------------------------------------


def _mail_link(credential: Credential, subject: Subject, code_challenge: str, client: Client) -> None:
    allowed = limits.allow_email("identity_link", credential.address)
    details = {**subject._asdict(), "challenge": code_challenge}
    write(outbox.sending_if(allowed, "identity_link", credential.address, network=client.network, **details))


def _mail_invitation_again(credential: Credential, client: Client) -> None:
    number = limits.allow_email("registration", credential.address)
    details = {"registration": "", "number": str(number)}
    write(outbox.sending_if(number, "registration", credential.address, network=client.network, **details))


def _mail_undo_again(credential: Credential, client: Client) -> None:
    allowed = limits.allow_email("email_changed", credential.address)
    details = {"userId": credential.user_id, "version": str(credential.version)}
    write(outbox.sending_if(allowed, "email_changed", credential.address, network=client.network, **details))
