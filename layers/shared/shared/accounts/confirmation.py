"""Confirmation: what follows when a mailbox is proved with an emailed link or code.

Threats. A stranger registers another person's address, before or after its owner: an account opens only for someone who
proves both that they read the mailbox and that they are the one who registered, with the secret of the response or with
the password. The two together open that registration and no other, whichever email the link came from. A stranger tries
passwords of registrations: each counts like one at sign-in.
"""

from typing import NamedTuple

from shared.accounts import lookup, sign_in, sign_up_policy
from shared.accounts.sign_in import SignedIn
from shared.core import clock
from shared.core.errors import EmailTaken, InvalidCredentials, InvalidOneTimeToken, RegistrationRequired
from shared.core.tables import Change, optimistic, write
from shared.records import activity, credentials, one_time_tokens, registrations, suppressions, tries, users
from shared.records.credentials import Credential
from shared.records.one_time_tokens import OneTimeToken
from shared.records.registrations import Registration
from shared.records.users import User
from shared.values import passwords
from shared.values.client import Client


class Registrant(NamedTuple):
    """What proves who registered: the secret of the response, or else the password. Either may be empty."""

    secret: str
    password: str


def open_with_link(token: OneTimeToken, registrant: Registrant, client: Client) -> SignedIn:
    """Open the registrant's account at the address that received the link, and start a session.

    Raises:
        InvalidOneTimeToken: another link has opened the account.
        EmailTaken: the address got an account by an invitation or a change of address.
        RegistrationRequired: nothing proves who registered. The link stays valid.
        SignUpClosed, DomainNotAllowed: the sign-up policy has changed since. The link stays valid.
        InvalidCredentials: no pending registration has this password, or too many were tried. The link stays valid.
        Outdated: the link has just been used, perhaps by the same request, or the address has just got an account.

    """
    if token.is_repeat:
        return _repeat(token.session)
    require_free(token.target, token.digest)
    registration = _registration_of(token.target, registrant, client)
    if registration.opened:
        raise one_time_tokens.rejection(token)
    return _open(registration, token.target, client, consuming=token)


@optimistic
def open_with_code(email: str, code: str, registrant: Registrant, client: Client) -> SignedIn:
    """Open the registrant's account with the six-digit code that was emailed for the registration.

    Raises:
        RegistrationRequired: nothing proves who registered.
        SignUpClosed, DomainNotAllowed: the sign-up policy has changed since.
        InvalidCredentials: no pending registration has this password, or too many were tried.
        InvalidOneTimeToken: the code is wrong or expired, or has been tried too often.
        EmailTaken: the address got an account by an invitation or a change of address.

    """
    registration = _registration_of(email, registrant, client)
    if registration.opened:
        if registration.opened_at + clock.MINUTE > clock.now() and registrations.had_code(registration, code):
            return _repeat(registration.opened)
        raise InvalidOneTimeToken
    if not registrations.try_code(registration, code):
        raise InvalidOneTimeToken
    require_free(registration.address)
    return _open(registration, registration.address, client)


def require_free(address: str, digest: str = "") -> None:
    """Require that an address that was just proved has no account. `digest` is that of the token or request, if any.

    Raises:
        EmailTaken: the address got an account by an invitation or a change of address.
        InvalidOneTimeToken: another registration, or another sign-up by email, has opened an account.
        Outdated: the token has just been used, perhaps by the same request.

    """
    credential = credentials.find(address)
    if credential is None:
        return
    if not credential.signed_up:
        raise EmailTaken
    # A registration has opened the account, so the links and codes of the others are void, like a used one.
    raise one_time_tokens.rejection_of(digest) if digest else InvalidOneTimeToken


def _registration_of(email: str, registrant: Registrant, client: Client) -> Registration:
    if registrant.secret:
        registration = registrations.find(email, registrant.secret)
        if registration is None:
            raise RegistrationRequired
        return registration
    if not registrant.password:
        raise RegistrationRequired
    attempt = tries.by_client(tries.at_password(email), client.network, is_known=False)
    allowed = attempt.start()
    registration = _with_password(email, registrant.password)
    if allowed and registration is not None:
        attempt.succeed()
        return registration
    if allowed:
        attempt.fail()
    raise InvalidCredentials


def _with_password(email: str, password: str) -> Registration | None:
    """Return the newest registration of an address that has this password, or None."""
    found = registrations.newest(email)
    if not found:
        # Without a registration the password is hashed too, so that the time does not tell whether there is one.
        passwords.verify(password, None)
    matching = [each for each in found if passwords.verify(password, each.password_hash)]
    return matching[0] if matching else None


def _open(
    registration: Registration, address: str, client: Client, *, consuming: OneTimeToken | None = None
) -> SignedIn:
    sign_up_policy.require_open(address)
    user = users.new(
        name=registration.name, email=address, role="user", email_verified=True, details=registration.details
    )
    credential = credentials.new(
        email=address, user_id=user.id, password_hash=registration.password_hash, signed_up=True
    )
    signed_in = sign_in.prepare(credential, user, client)
    write(
        _consuming(consuming, signed_in),
        registrations.opening(registration, signed_in.session),
        opening(signed_in, credential, user, client),
    )
    return signed_in


def _consuming(token: OneTimeToken | None, signed_in: SignedIn) -> list[Change]:
    return [] if token is None else one_time_tokens.consuming(token, session=signed_in.session.reference)


def opening(signed_in: SignedIn, credential: Credential, user: User, client: Client) -> list[Change]:
    """Return the changes that open an account at an address that was just proved, with its first session."""
    suppressed = suppressions.reason_for(user.email)
    return [
        *users.adding(user),
        *(suppressions.lifting(user.email) if suppressed else suppressions.checking(user.email, None)),
        *sign_in.starting_first(credential, signed_in.session, client),
        *activity.recording("user_signedup", user.id, client),
        *activity.recording("login", user.id, client),
    ]


def _repeat(reference: str) -> SignedIn:
    """Return the session that the same request has just started: its response was lost, or it was sent twice."""
    signed_in = sign_in.resume(reference)
    if signed_in is None:
        raise InvalidOneTimeToken
    return signed_in


# Proving the address of an existing account ---------------------------------------------------------


def prove_address(token: OneTimeToken, client: Client) -> None:
    """Lift the suppression of an account's address, because its owner has followed a link that was emailed to it.

    Raises:
        InvalidOneTimeToken: the credentials have changed since the link was sent.
        Outdated: the link has just been used, or the account has changed.

    """
    credential, user = lookup.of_token(token)
    write(
        one_time_tokens.consuming(token),
        # The version stays, and with it a sign-in in progress and other links.
        credentials.checking(credential),
        users.replacing(user, users.updated(user, email_status="ok")),
        suppressions.lifting(user.email),
        activity.recording("user_email_verified", user.id, client),
    )
