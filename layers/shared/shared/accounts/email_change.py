"""Changing the email address of an account.

Threats. An attacker with the user's device or password tries to take over the account: the address changes only after
the new one is verified, and the old one receives a link that undoes the change for 72 hours, whatever else is changed
in that time. Until then the old address stays reserved for the user, and no other account can register it. An attacker
asks for other people's addresses to learn which have an account: every request does the same, which includes that the
links of earlier requests are void, and only an email to the address reveals more. Two users ask for the same address:
its credentials go to the first to verify it, and at no moment does the address have two owners or the account no
address.
"""

import uuid

from shared.accounts import assurance, lookup, password_proof, sign_up_policy
from shared.core.errors import FieldError, InvalidInput, InvalidOneTimeToken
from shared.core.tables import write
from shared.records import (
    activity,
    credentials,
    factors,
    identities,
    limits,
    one_time_tokens,
    outbox,
    sessions,
    suppressions,
    users,
)
from shared.records.one_time_tokens import OneTimeToken
from shared.records.sessions import Session
from shared.values import emails
from shared.values.client import Client


def request(session: Session, *, new_email: str, password: str | None, client: Client) -> None:
    """Request another address for the signed-in user. Does the same work whether or not that address has an account.

    Links of earlier requests are void at once. A fresh session needs no password. An account with a factor needs a
    fresh session.

    Raises:
        ReauthenticationRequired: there is no password, or the account has a factor, and the session is not fresh.
        InvalidCredentials: the password is wrong, or the account is locked.
        InvalidInput: the user already has this address.
        DomainNotAllowed: see `sign_up_policy.require_address`.
        TooManyRequests: the user has asked five times in the last 24 hours.
        SessionEnded: the account has just been closed.

    """
    if emails.key(new_email) == emails.key(session.email):
        message = "is already your address"
        raise InvalidInput(f"newEmail: {message}", [FieldError("newEmail", message)])
    sign_up_policy.require_address(new_email)
    if password is None:
        credential, _ = lookup.of_session(session)
    else:
        credential, _ = password_proof.in_session(session, password, client)
    if password is None or credential.factors:
        assurance.require_fresh(session, credential)
    limits.count_address_change(session.user_id)
    allowed = limits.allow_email("email_change", new_email)
    request_id = str(uuid.uuid4())
    details = {"userId": session.user_id, "request": request_id}
    write(
        credentials.requesting_change(credential, request_id),
        outbox.sending_if(allowed, "email_change", new_email, network=client.network, **details),
        activity.recording("user_email_change_requested", session.user_id, client),
    )


def confirm(token: OneTimeToken, client: Client) -> None:
    """Move the account to the address that received the token, and notify the old address.

    Raises:
        InvalidOneTimeToken: the token is void, or the address now belongs to another account.
        DomainNotAllowed: the sign-up policy has changed since. The token stays valid.
        Outdated: the token has just been used, or the account has changed.

    """
    credential, user = lookup.of_token(token)
    owner = credentials.find(token.target)
    if credential.email_change != token.request or (owner is not None and owner.user_id != user.id):
        raise one_time_tokens.rejection(token)
    sign_up_policy.require_address(token.target)
    moved = users.updated(user, email=token.target, email_verified=True, email_status="ok")
    write(
        one_time_tokens.consuming(token),
        credentials.moving(credential, token.target),
        users.replacing(user, moved),
        suppressions.lifting(token.target),
        sessions.updating_all(moved),
        outbox.sending("email_changed", user.email, userId=user.id, version=str(credential.version)),
        activity.recording("user_email_changed", user.id, client),
    )


def undo(token: OneTimeToken, client: Client) -> None:
    """Restore the former address, end every session, remove the password, and email a link to choose a new one.

    Apps and recovery codes from after the change are removed. So are passkeys and identities, which are ways in by
    themselves, from after it and from the 72 hours before.

    Raises:
        InvalidOneTimeToken: the change was undone already, or the former address is no longer reserved.
        Outdated: the token has just been used, or the account has changed.

    """
    user = users.find(token.user_id)
    if user is None:
        raise InvalidOneTimeToken
    credential = users.credential_of(user)
    former = credentials.find(token.target)
    if former is None or former.reserved_until is None or emails.key(token.target) not in credential.former:
        raise one_time_tokens.rejection(token)
    moved = users.updated(user, email=token.target, email_status="ok")
    # Whoever changed the address may have added factors and identities, before or after, to sign in with them later.
    changed_at = former.reserved_until - credentials.UNDO_PERIOD
    suspect_since = changed_at - credentials.UNDO_PERIOD
    found = factors.of_user(user.id)
    added = found.added_since(changed_at, passkeys_since=suspect_since)
    keep = {each: kind for each, kind in credential.factors.items() if each not in added.ids}
    if not keep:
        added = found
    linked = {each.id for each in identities.of_credential(credential) if each.created_at >= suspect_since}
    identities_left = {each: provider for each, provider in credential.identities.items() if each not in linked}
    write(
        one_time_tokens.consuming(token),
        credentials.moving_back(
            credential, token.target, network=client.network, factors=keep, identities=identities_left
        ),
        factors.removing_all(added),
        *(identities.removing(each, user.id) for each in linked),
        users.replacing(user, moved),
        suppressions.lifting(token.target),
        sessions.ending_all(user.id),
        outbox.sending("recovery", token.target),
        activity.recording("user_email_change_undone", user.id, client),
    )
