"""Accounts: everything that changes a profile together with its credentials, sessions, tokens or mail.

Each function reads, decides and writes once. `optimistic` has it start again when, on writing, something it had read
turns out to have changed; so there is nothing to lock, and a crash at any point leaves the state of before or after.
"""

from collections.abc import Mapping
from typing import Any

from shared import activity, credentials, limits, one_time_tokens, outbox, passwords, sessions, suppressions, users
from shared.activity import Client
from shared.credentials import Credential
from shared.errors import EmailTaken, InvalidOneTimeToken
from shared.idempotency import Once
from shared.one_time_tokens import OneTimeToken
from shared.tables import Change, optimistic, write
from shared.users import Role, User, Versions

# Opening an account --------------------------------------------------------------------------------


def register(*, name: str, email: str, password: str, client: Client) -> None:
    """Ask for an account. Whoever reads the address is told what became of it; the caller never is.

    A known address costs the same work as an unknown one: one count, one hash, two reads, one transaction of five.
    While an address is unverified the latest registration counts and makes earlier links useless: with the first one
    counting, anybody could register another's address beforehand and wait for the owner to verify it with their
    password in it. Within a minute the first one does count, since the address gets one mail a minute.

    Raises:
        InvalidInput: the password is refused.

    """
    passwords.check(password, email=email, name=name)
    password_hash = passwords.hashed(password)
    if limits.may_mail("registration", email):
        _register(name, email, password_hash, client)


@optimistic
def _register(name: str, email: str, password_hash: str, client: Client) -> None:
    credential = credentials.find(email)
    suppressed = suppressions.reason_for(email)
    telling = (outbox.sending("registration", email), suppressions.checking(email, suppressed))
    if credential is None:
        user = users.new(name=name, email=email, role="user", email_status=suppressed)
        opening = credentials.adding(credentials.new(email=email, user_id=user.id, password_hash=password_hash))
        activity.record("user_signedup", user.id, client, opening, *users.adding(user), *telling)
    elif credential.verified or credential.is_invited:
        # An invited account may be an administrator's: no stranger's password must get in before its owner's.
        checks = (credentials.checking(credential), users.checking(credential.user_id))
        activity.record("user_signedup", credential.user_id, client, *checks, *telling, outcome="failure")
    else:
        # The address too: spellings that are compared as one may be two mailboxes, and this one is yet to be proved.
        taking_over = credentials.changing(credential, passwordHash=password_hash, address=email)
        renaming = users.renaming(credential.user_id, name=name, email=email)
        activity.record("user_signedup", credential.user_id, client, taking_over, renaming, *telling)


def resend_verification(email: str) -> None:
    """Ask for another mail to confirm an address. The same writes, whatever becomes of it."""
    if limits.may_mail("verification", email):
        write(outbox.sending("verification", email))


def verify_email_by_code(email: str, code: str, client: Client) -> None:
    """Confirm an address by the six digits that were mailed to it.

    Raises:
        InvalidOneTimeToken: the code does not count, or not any more, or the address has no account.

    """
    credential = credentials.find(email)
    user_id = users.NOBODY if credential is None else credential.user_id
    verify_email(one_time_tokens.present_code(user_id, code, "verify-email"), client)


@optimistic
def verify_email(token: OneTimeToken, client: Client) -> None:
    """Confirm the address that a token was mailed to; of a suppressed one, that it takes mail again.

    Raises:
        InvalidOneTimeToken: it does not count any more.

    """
    credential, user = of_token(token)
    # A verified account only gets its mails back: whoever is just signing in, or has another link, is not disturbed.
    confirming = (
        credentials.checking(credential) if credential.verified else credentials.changing(credential, verified=True)
    )
    activity.record(
        "user_email_verified",
        user.id,
        client,
        one_time_tokens.consuming(token),
        confirming,
        *users.replacing(user, users.updated(user, email_verified=True, email_status="ok")),
        *lifting(user),
    )


@optimistic
def invite(*, name: str, email: str, role: Role, once: Once, client: Client) -> dict[str, Any]:
    """Open an account for somebody else, who is mailed a link to set a password; give what callers may see of it.

    Raises:
        EmailTaken: the address has an account.
        IdempotencyKeyReused: the request's key came before, with another request.

    """
    answer = once.answer()
    if answer is not None:
        return answer
    suppressed = suppressions.reason_for(email)
    user = users.new(name=name, email=email, role=role, email_status=suppressed)
    opening = credentials.new(email=email, user_id=user.id, password_hash=None)
    activity.record(
        "user_invited",
        user.id,
        client,
        *once.answering(user.public()),
        credentials.adding(opening, otherwise=EmailTaken),
        *users.adding(user),
        suppressions.checking(email, suppressed),
        outbox.sending("invitation", email),
    )
    return user.public()


@optimistic
def ensure_admin(email: str, password: str) -> None:
    """Make sure that this address belongs to an administrator who can sign in with this password.

    For whoever operates the API, to have a first administrator: no endpoint comes here. The password is not checked.
    """
    credential = credentials.find(email)
    if credential is None:
        suppressed = suppressions.reason_for(email)
        user = users.new(name="Administrator", email=email, role="admin", email_verified=True, email_status=suppressed)
        password_hash = passwords.hashed(password)
        opening = credentials.new(email=email, user_id=user.id, password_hash=password_hash, verified=True)
        write(credentials.adding(opening), *users.adding(user), suppressions.checking(email, suppressed))
        return
    user = users.of_credential(credential)
    if user.can_administer and passwords.verify(password, credential.password_hash):
        return
    write(
        credentials.changing(credential, verified=True, passwordHash=passwords.hashed(password)),
        *users.replacing(user, users.updated(user, role="admin", status="active", email_verified=True)),
        *sessions.ending_all(user.id),
    )


# Changing and closing one --------------------------------------------------------------------------


@optimistic
def change(user_id: str, changes: Mapping[str, str], *, versions: Versions, client: Client) -> User:
    """Change a profile's `name`, `role` or `status`; give it as it is then.

    A new role counts for the user's sessions from the next call on, and `disabled` ends them, in the same transaction.

    Raises:
        UserNotFound: there is no such user.
        Stale: the profile's version is not one of those given.
        LastAdmin: nobody could administer the accounts any more.

    """
    user = users.get(user_id)
    versions.must_include(user.version)
    after = users.updated(user, **changes)
    if (after.name, after.role, after.status) == (user.name, user.role, user.status):
        return user
    if (after.role, after.status) == (user.role, user.status):
        consequences = sessions.carrying(after)
    else:
        consequences = _new_authority(users.credential_of(user), after)
    activity.record("user_modified", user.id, client, *users.replacing(user, after), *consequences)
    return after


def _new_authority(credential: Credential, after: User) -> list[Change]:
    if after.role == "admin" and not credential.verified and not credential.is_invited:
        # Whoever registered this address has not proved to own it. Only a password set from the mail may be an
        # administrator's, so the registration becomes an invitation; of a disabled account too, as it may be enabled
        # later. It has no sessions: nobody signs in before the address is verified.
        return [credentials.changing(credential, passwordHash=None), outbox.sending("invitation", after.email)]
    if after.status == "disabled":
        return [credentials.changing(credential), *sessions.ending_all(after.id)]
    return [credentials.changing(credential), *sessions.carrying(after)]


@optimistic
def close(user_id: str, client: Client) -> None:
    """Remove an account: profile, credentials, sessions, tokens, kept addresses. The addresses are free again.

    One that mails bounce from stays suppressed: it still does so, whoever has it.

    Raises:
        UserNotFound: there is no such user.
        LastAdmin: nobody could administer the accounts any more.

    """
    credential, user = of_user(user_id)
    write(
        *users.removing(user),
        credentials.removing(credential),
        *map(credentials.removing, credentials.kept_for(credential)),
        *sessions.ending_all(user.id),
        *one_time_tokens.removing_all(one_time_tokens.of_user(user.id)),
        limits.unlocking(user.email),
    )
    activity.log("user_deleted", client, userId=user.id)


def lifting(user: User) -> list[Change]:
    """Give the changes after which the user's address, which has just been proved to be read, gets mail."""
    return [] if user.email_status == "ok" else [suppressions.lifting(user.email)]


def of_user(user_id: str) -> tuple[Credential, User]:
    """Give a user's account.

    Raises:
        UserNotFound: there is no such user.
        Outdated: the account was closed or its address changed meanwhile.

    """
    user = users.get(user_id)
    return users.credential_of(user), user


def of_token(token: OneTimeToken) -> tuple[Credential, User]:
    """Give the account that a token was made for.

    Raises:
        InvalidOneTimeToken: its credentials have changed since.
        Outdated: the account was closed meanwhile.

    """
    credential = credentials.by_key(token.email)
    # An address that was left is kept, but nothing that was mailed to it counts any more.
    if credential is None or credential.is_reserved or credential.version != token.version:
        raise InvalidOneTimeToken
    return credential, users.of_credential(credential)
