"""Signing in with a link or a code that was emailed, and signing up without a password.

Threats. An attacker asks for other people's addresses to learn which have an account: every request writes the same,
and what the email says is decided on delivery. An attacker asks for another person's address, who then follows the
link: that signs in the browser of that person, not the attacker. The code needs the secret of the request, so an
attacker who asked has to make the person tell it: the email warns. An attacker asks again and again to void the owner's
link: only using one voids the others. An email scanner opens every link: only POST signs in. An attacker gets hold of a
used link, from a log or a history: it is never answered twice without the secret of its request.

An attacker reads the mailbox, and wants to skip the second factor: it is asked for, as after a password. An attacker
signs up another person's address: the account opens only for someone who has the secret of the sign-up and proves the
mailbox, and it has no password that the attacker could know.
"""

from collections.abc import Callable
from typing import TypeAlias

from shared.accounts import confirmation, first_step, identities, lookup, sign_in, sign_up_policy
from shared.accounts.sign_in import SignedIn
from shared.core import metrics
from shared.core.errors import Forbidden, InvalidOneTimeToken, RegistrationRequired
from shared.core.tables import Change, optimistic, reuse_once, write
from shared.records import (
    activity,
    credentials,
    limits,
    one_time_tokens,
    outbox,
    sign_in_requests,
    tries,
    users,
)
from shared.records.credentials import Credential
from shared.records.one_time_tokens import OneTimeToken
from shared.records.sign_in_requests import SignInRequest, Use
from shared.records.users import User
from shared.values import emails
from shared.values.client import Client

# Returns the changes that use a link or a code, and record the session that it starts, or "".
_Using: TypeAlias = Callable[[str], list[Change]]


def ask(*, email: str, name: str | None, is_bound: bool, client: Client) -> str:
    """Request a link and a code, and return the secret of the request. Writes the same for every address.

    `name` is for a new account. With `is_bound`, the link is valid only together with the secret.
    """
    request, secret = sign_in_requests.new(email=email, name=name or emails.name_in(email), is_bound=is_bound)
    number = limits.allow_email("sign_in", email)
    details = {"request": request.digest, "number": str(number), "refused": "" if _may_sign_up(email) else "yes"}
    write(
        sign_in_requests.adding(request),
        outbox.sending_if(number, "sign_in", email, network=client.network, **details),
    )
    activity.log("user_sign_in_requested", client, address=activity.digest(email))
    return secret


def _may_sign_up(email: str) -> bool:
    """Return whether an address that has no account may open one. Whether it has one is only known on delivery."""
    try:
        sign_up_policy.require_open(email)
    except Forbidden:
        return False
    return True


@optimistic
def with_link(token: str, secret: str, client: Client) -> SignedIn:
    """Start a session, or open an account, with an emailed link. `secret` is that of a request, or empty.

    A repeat within a minute returns the session's tokens again, if it has the secret of the link's request.

    Raises:
        InvalidOneTimeToken: the link is wrong, used, void or expired, or bound to another request.
        MfaRequired: the account has a factor. The link is used.
        RegistrationRequired: the link opens an account, and `secret` is not that of a request for its address. It stays
            valid.
        EmailTaken: see `confirmation.require_free`.
        SignUpClosed, DomainNotAllowed: the sign-up policy has changed since the email.
        Unavailable: there is no signing key yet.

    """
    presented = one_time_tokens.present(token, "sign-in", "sign-up", proof=secret)
    if presented.purpose == "sign-up":
        return _open_with_link(presented, secret, client)
    has_secret = one_time_tokens.digest(secret) == presented.request
    if (presented.is_bound or presented.is_repeat) and not has_secret:
        raise InvalidOneTimeToken
    if presented.is_repeat:
        return _repeat(presented)
    credential, user = lookup.of_token(presented)
    if credential.email_sign_ins != presented.email_sign_ins:
        raise one_time_tokens.rejection(presented)
    return _start(credential, user, client, lambda session: one_time_tokens.consuming(presented, session=session))


def with_code(secret: str, code: str, client: Client) -> SignedIn:
    """Start a session, or open an account, with the code of an email and the secret of the request that caused it.

    A repeat within a minute returns the session's tokens again.

    Raises:
        InvalidOneTimeToken: the code is wrong, used, void or expired, or was tried too often.
        MfaRequired: the account has a factor. The code is used.
        EmailTaken: see `confirmation.require_free`.
        SignUpClosed, DomainNotAllowed: the sign-up policy has changed since the email.
        Unavailable: there is no signing key yet.

    """
    return _with_request(prove_code(secret, code, "code"), client)


@optimistic
def _with_request(read: Callable[[], SignInRequest], client: Client) -> SignedIn:
    request = read()
    if request.used_by is not None:
        return _repeat(request)
    if request.opens == "account":
        confirmation.require_free(request.address, request.digest)
        return _open(request, request.address, client, "code")
    credential = _credential_of(request)
    user = users.of_credential(credential)
    return _start(credential, user, client, lambda session: sign_in_requests.using(request, "code", session))


def prove_code(secret: str, code: str, use: Use) -> Callable[[], SignInRequest]:
    """Verify the code of an email, which counts one try. Return a function that reads its request.

    It is for an `optimistic` function, whose retries read the request again without counting another try. If the
    request is used already, this is a repeat.

    Raises:
        InvalidOneTimeToken: the code is wrong, used or expired, or was tried too often; also raised by the function.

    """
    return reuse_once(_try_code(secret, code, use), lambda: _read_proved(secret, code, use))


@optimistic
def _try_code(secret: str, code: str, use: Use) -> SignInRequest:
    request = sign_in_requests.find(secret)
    if request is None:
        raise InvalidOneTimeToken
    is_proved = request.is_repeat(code, use) if request.used_by else sign_in_requests.try_code(request, code)
    if not is_proved:
        metrics.count("SignInFailures")
        raise InvalidOneTimeToken
    return request


def _read_proved(secret: str, code: str, use: Use) -> SignInRequest:
    """Return the request whose code was verified before."""
    request = sign_in_requests.find(secret)
    if request is None or not (request.is_repeat(code, use) if request.used_by else request.has_code(code)):
        raise InvalidOneTimeToken
    return request


def require_request_of(credential: Credential, request: SignInRequest) -> None:
    """Require that a request whose code was verified is for this account, and not void.

    Raises:
        InvalidOneTimeToken: it is another account's, or void.
        Outdated: it has just been used, perhaps by the same call.

    """
    if request.user_id != credential.user_id:
        raise InvalidOneTimeToken
    if request.used_by is None and _is_void(request, credential):
        raise one_time_tokens.rejection_of(request.digest)


def _credential_of(request: SignInRequest) -> Credential:
    credential = credentials.by_key(request.email)
    if credential is None or _is_void(request, credential):
        # Perhaps the same call has just used it, and this one is a repeat.
        raise one_time_tokens.rejection_of(request.digest)
    return credential


def _is_void(request: SignInRequest, credential: Credential) -> bool:
    """Return whether the account has changed since the email, or used another link or code for signing in."""
    current = (credential.user_id, credential.version, credential.email_sign_ins)
    return credential.is_reserved or current != (request.user_id, request.version, request.email_sign_ins)


def _start(credential: Credential, user: User, client: Client, using: _Using) -> SignedIn:
    """Start the session of a user who has proved the mailbox, or ask for the factor. Either uses the link or code."""
    if user.status != "active":
        raise InvalidOneTimeToken
    tries.unlock(tries.of_network(tries.at_password(user.email), client.network))
    verifying = [] if user.email_verified else users.replacing(user, users.updated(user, email_verified=True))
    if credential.factors:
        write(credentials.proving_email(credential), using(""), verifying, identities.removing_unproved(credential))
    first_step.require_second_step(credential, "email")
    signed_in = sign_in.prepare(credential, user, client, proved=["email"])
    write(
        sign_in.starting(signed_in, credential, user, client, by_email=True),
        using(signed_in.session.reference),
        verifying,
        identities.removing_unproved(credential),
    )
    metrics.count("SignIns")
    return signed_in


def _repeat(used: OneTimeToken | SignInRequest) -> SignedIn:
    """Return what the same call has just brought: its response was lost, or it was sent twice."""
    if used.session:
        signed_in = sign_in.resume(used.session)
        if signed_in is not None:
            return signed_in
    else:
        credential = credentials.by_key(used.email)
        if credential is not None and (credential.user_id, credential.version) == (used.user_id, used.version):
            first_step.require_second_step(credential, "email")
    raise InvalidOneTimeToken


# Accounts without a password ------------------------------------------------------------------------


def _open_with_link(token: OneTimeToken, secret: str, client: Client) -> SignedIn:
    """Open the account of a request, at the address that received the link."""
    if token.is_repeat:
        return _repeat(token)
    confirmation.require_free(token.target, token.digest)
    request = sign_in_requests.find(secret)
    if request is None or request.email != token.email:
        raise RegistrationRequired
    if request.used_by is not None:
        raise one_time_tokens.rejection(token)
    return _open(request, token.target, client, "link", consuming=token)


def _open(
    request: SignInRequest, address: str, client: Client, use: Use, *, consuming: OneTimeToken | None = None
) -> SignedIn:
    sign_up_policy.require_open(address)
    user = users.new(name=request.name, email=address, role="user", email_verified=True)
    credential = credentials.new(email=address, user_id=user.id, password_hash=None, signed_up=True)
    signed_in = sign_in.prepare(credential, user, client, proved=["email"])
    reference = signed_in.session.reference
    write(
        one_time_tokens.consuming(consuming, session=reference) if consuming is not None else [],
        sign_in_requests.using(request, use, reference),
        confirmation.opening(signed_in, credential, user, client),
    )
    return signed_in
