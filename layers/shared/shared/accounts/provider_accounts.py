"""Which account an identity belongs to, and how the two get linked.

| the identity | its address | what happens |
|---|---|---|
| is linked | any | its account signs in |
| is not | is not verified by the provider | `EmailUnverified` |
| is not | has no account | an account is opened, without a password |
| is not | is invited, or held for an undo | the invitation, or the link to undo, is mailed again |
| is not | has an account | it is linked if `SocialLinking` is `auto`; otherwise its owner is mailed a link |

Each row is one transaction.

Threats. An attacker registers the victim's address first and waits until the victim signs in with a provider, or opens
an account at the provider with the victim's address: neither side's word links the two. Only the owner of the mailbox
or of a session does, and with `auto`, only if both sides have verified the address. An attacker uses a provider that
the account trusts, with an address that has changed hands: identities are found by issuer and subject.
"""

from dataclasses import replace

from shared.accounts import sign_up_policy
from shared.accounts.identities import removing_unproved
from shared.accounts.provider_claims import Claims
from shared.core import clock
from shared.core.config import variable
from shared.core.errors import (
    AccountDisabled,
    AddressReserved,
    EmailUnverified,
    InvalidOneTimeToken,
    InvitationPending,
    LinkRequired,
    Outdated,
    TooManyIdentities,
)
from shared.core.tables import Change, write
from shared.records import activity, credentials, identities, limits, outbox, providers, suppressions, users
from shared.records.credentials import Credential
from shared.records.flows import Subject
from shared.records.identities import MAX_IDENTITIES, Identity
from shared.records.sessions import Session
from shared.records.users import User
from shared.values import emails
from shared.values.client import Client


def find_or_open(
    claims: Claims, subject: Subject, code_challenge: str, client: Client
) -> tuple[Credential, User, list[Change]]:
    """Return the account for an identity, and the changes that open or link it, if needed.

    If neither is allowed, the email that its owner needs is sent.

    Raises:
        AccountDisabled: an administrator has disabled the account.
        EmailUnverified: the identity is unknown, and the provider has not verified an address.
        InvitationPending, AddressReserved: nothing is opened; the invitation, or the link to undo, is mailed again.
        LinkRequired: the address has an account, whose owner is mailed a link. `code_challenge` is for that link.
        TooManyIdentities, TooManyRequests: see `linking`.
        DomainNotAllowed, SignUpClosed: see `sign_up_policy`.

    """
    identity = identities.find(identities.id_of(subject.issuer, subject.subject))
    if identity is not None:
        user = users.find(identity.user_id)
        if user is None:
            # The account has just been closed.
            raise Outdated
        require_active(user)
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
    require_active(user)
    if not _may_link_at_once(claims, credential, user):
        _mail_link(credential, subject, code_challenge, client)
        raise LinkRequired
    # As they will be: a code that is issued in the same transaction is for this version.
    after = replace(credential, version=credential.version + 1)
    return after, user, linking(subject, credential, user, client)


def _may_link_at_once(claims: Claims, credential: Credential, user: User) -> bool:
    """Return whether the identity may be linked now, although only its address points to the account.

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
    identity, provider = _new_identity(subject, user.id), providers.name_of(subject.provider)
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
            *outbox.sending("account_opened", user.email, network=client.network, provider=provider),
            *activity.recording("user_signedup", user.id, client),
        ],
    )


def linking(  # noqa: PLR0913  # two have a default
    subject: Subject,
    credential: Credential,
    user: User,
    client: Client,
    *,
    by_mailbox: bool = False,
    keep: Session | None = None,
) -> list[Change]:
    """Return the changes that link an identity to an account, and tell its owner.

    With `by_mailbox`, the mailbox is proved to us. If it was not before, other identities are unlinked, and sessions
    ended except the one to `keep`.

    Raises:
        TooManyIdentities: the account has eight.
        TooManyRequests: see `limits.count_factor_change`.

    """
    require_room(credential)
    limits.count_factor_change(user.id)
    identity = _new_identity(subject, user.id)
    proof = credentials.first_proof(credential) if by_mailbox else {}
    linked = {**proof.get("identities", credential.identities), identity.id: identity.provider}
    return [
        *credentials.changing(credential, **{**proof, "identities": linked}),
        *(removing_unproved(credential, keep=keep) if by_mailbox else []),
        *identities.adding(identity),
        *outbox.sending("identity_linked", user.email, provider=providers.name_of(subject.provider)),
        *activity.recording("identity_linked", user.id, client),
    ]


def subject_of(claims: Claims, provider_id: str) -> Subject:
    """Return who has signed in, as it is stored."""
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


def identity_of(subject: Subject, credential: Credential) -> Identity:
    """Return the linked identity.

    Raises:
        InvalidOneTimeToken: the account is not linked to it any more.

    """
    identity = identities.find(identities.id_of(subject.issuer, subject.subject))
    if identity is None or identity.user_id != credential.user_id:
        raise InvalidOneTimeToken
    return identity


def require_active(user: User) -> None:
    """Require that the account is not disabled.

    Raises:
        AccountDisabled: it is.

    """
    if user.status != "active":
        raise AccountDisabled


def require_room(credential: Credential) -> None:
    """Require that the account may be linked to another identity.

    Raises:
        TooManyIdentities: it has eight.

    """
    if len(credential.identities) >= MAX_IDENTITIES:
        raise TooManyIdentities


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
