"""Emails with a link or a code: to confirm an address, to get back into an account, to sign in, to change an address.

An email about an account goes to the account's stored address, not to the one that was typed to request it: two
spellings with the same key (`straße@` and `strasse@`, case-folded) may be two mailboxes.

Threats. A stranger registers with another person's address to send them a text of their choice: text that users enter,
such as a name, never appears in an email to an unverified address.
"""

from collections.abc import Callable, Mapping

from shared.core import config
from shared.core.config import settings
from shared.mail.message import Message, page_url
from shared.records import (
    credentials,
    flows,
    limits,
    one_time_tokens,
    providers,
    registrations,
    sign_in_requests,
    users,
)
from shared.records.credentials import Credential
from shared.records.flows import Subject
from shared.records.outbox import Entry, Kind
from shared.records.registrations import Registration
from shared.values import emailed_codes

# Emails with a link, to the owner of the address ---------------------------------------------------


def registration(entry: Entry) -> Message | None:
    """Confirm the address of a registration, or tell its owner that there is an account."""
    credential = credentials.find(entry.to)
    if credential is None or credential.invited:
        return _confirmation(entry, credential)
    return None if credential.is_reserved or _pending(entry) is None else _already_registered(credential)


def _confirmation(entry: Entry, credential: Credential | None) -> Message | None:
    """Confirm an address without an account, or repeat the invitation to it."""
    if credential is not None:
        return _invitation_to(credential)
    pending = _pending(entry)
    if pending is None:
        return None
    number = int(entry.details["number"])
    code = registrations.issue_code(pending, number, entry.id) if number <= emailed_codes.MAX_A_DAY else ""
    return _open_account(entry.to, code)


def _pending(entry: Entry) -> Registration | None:
    position = entry.details["registration"]
    return registrations.at(entry.to, position) if position else registrations.newest_of_mailbox(entry.to)


def _open_account(address: str, code: str) -> Message:
    token = one_time_tokens.issue_for_mailbox(address)
    return Message.from_template("verify_email", address, url=page_url("verify-email", token), digits=code)


def invitation(entry: Entry) -> Message | None:
    """Invite someone whose account an administrator has created."""
    credential = credentials.find(entry.to)
    if credential is None or not credential.invited:
        return None
    # An administrator has caused it, perhaps for a whole company at once.
    return _invitation_to(credential)._replace(budget=None)


def _invitation_to(credential: Credential) -> Message:
    token = one_time_tokens.issue(credential, "accept-invitation")
    return Message.from_template("invitation", credential.address, url=page_url("reset-password", token))


def recovery(entry: Entry) -> Message | None:
    """Let the owner set a new password, or finish what has to come first."""
    credential = credentials.find(entry.to)
    if credential is None:
        return _unfinished_sign_up(entry)
    if credential.is_reserved:
        return None
    if credential.invited:
        return _invitation_to(credential)
    token = one_time_tokens.issue(credential, "reset-password")
    return Message.from_template("recovery", credential.address, url=page_url("reset-password", token))


def sign_in(entry: Entry) -> Message | None:
    """Let the owner sign in with a link or a code, or sign up if that is on."""
    credential = credentials.find(entry.to)
    if credential is None:
        return _sign_up(entry)
    if credential.is_reserved:
        return None
    if credential.invited:
        return _invitation_to(credential)
    user = users.find(credential.user_id)
    if user is None or user.status != "active":
        return None
    code = _sign_in_code(entry)
    request = sign_in_requests.answer(entry.details["request"], credential, code)
    if request is None:
        return None
    token = one_time_tokens.issue_for_sign_in(credential, request.digest, is_bound=request.is_bound)
    values = {"digits": code, "bound": "yes" if request.is_bound else ""}
    return Message.from_template("sign_in", credential.address, url=page_url("login/email", token), **values)


def _sign_up(entry: Entry) -> Message | None:
    # Entries from before there was a policy do not say.
    is_refused = config.optional("EMAIL_SIGN_UP") is None or entry.details.get("refused")
    code = _sign_in_code(entry)
    if is_refused or not sign_in_requests.answer(entry.details["request"], None, code):
        return None
    token = one_time_tokens.issue_for_mailbox(entry.to, "sign-up")
    return Message.from_template("sign_up", entry.to, url=page_url("login/email", token), digits=code)


def _sign_in_code(entry: Entry) -> str:
    has_code = int(entry.details["number"]) <= emailed_codes.MAX_A_DAY
    return emailed_codes.derive(entry.details["request"], entry.id) if has_code else ""


def _unfinished_sign_up(entry: Entry) -> Message | None:
    """Confirm the address of someone who has a password, but no account yet. Counts like any other confirmation."""
    if registrations.newest_of_mailbox(entry.to) is None:
        return None
    is_counted = entry.attempts > 1 and not entry.held_at
    return _open_account(entry.to, "") if is_counted or limits.allow_email("registration", entry.to) else None


def _already_registered(owner: Credential) -> Message:
    pages = {"forgot_url": page_url("forgot-password"), "sign_in_url": page_url("login")}
    return Message.from_template("already_registered", owner.address, **pages)


def identity_link(entry: Entry) -> Message | None:
    """Let the owner link an identity that has this address at its provider."""
    credential = credentials.find(entry.to)
    if credential is None or credential.is_reserved or credential.invited:
        return None
    details = entry.details
    subject = Subject(details["provider"], details["issuer"], details["subject"], details["email"])
    code = flows.issue_for_mailbox(credential, subject, details["challenge"])
    url = f"{settings().frontend_url}/auth/callback?code={code}"
    provider = providers.name_of(subject.provider)
    return Message.from_template("identity_link", credential.address, url=url, provider=provider)


# Emails about a change of address ------------------------------------------------------------------


def email_change(entry: Entry, *, notify_owner: bool = True) -> Message | None:
    """Confirm the new address of an account."""
    credential = _credential_of(entry.details["userId"])
    request = entry.details["request"]
    if credential is None or credential.email_change != request:
        return None
    owner = credentials.find(entry.to)
    if owner is not None and owner.user_id != credential.user_id:
        is_registered = not owner.invited and not owner.is_reserved
        return _already_registered(owner) if is_registered and notify_owner else None
    token = one_time_tokens.issue(credential, "change-email", target=entry.to, request=request)
    return Message.from_template("email_change", entry.to, url=page_url("verify-email", token))


def email_changed(entry: Entry) -> Message | None:
    """Notify the former address of an account, with a link that undoes the change."""
    credential = _credential_of(entry.details["userId"])
    if credential is None:
        return None
    version = int(entry.details["version"])
    token = one_time_tokens.issue(credential, "undo-email-change", target=entry.to, version=version)
    return Message.from_template("email_changed", entry.to, url=page_url("verify-email", token))


def _credential_of(user_id: str) -> Credential | None:
    user = users.find(user_id)
    return credentials.find(user.email) if user is not None else None


# Emails to suppressed addresses: only those by which the owner proves that they arrive -------------


def _proof(entry: Entry) -> Message | None:
    credential = credentials.find(entry.to)
    if credential is None or credential.invited:
        return _confirmation(entry, credential)
    if credential.is_reserved:
        return None
    token = one_time_tokens.issue(credential, "prove-address")
    message = Message.from_template("verify_email", credential.address, url=page_url("verify-email", token), digits="")
    return message._replace(budget="accounts")


PROOFS: Mapping[Kind, Callable[[Entry], Message | None]] = {
    "registration": _proof,
    "email_change": lambda entry: email_change(entry, notify_owner=False),
}
