"""The words of each mail: what is to be told, as of the moment of sending.

A mail about an account goes to the account's own address, not to the one that was typed to ask for it: two spellings
that are compared as one (`straße@` and `strasse@`, case-folded) may be two mailboxes.

Nothing that a stranger can type (a name, say) goes into a mail to an address that has not been proved to be theirs;
otherwise registering would be a way to send anybody anything. What people write into forms goes to our own inbox, as
text: never into a header, but for the checked address that answers go to.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from shared.core import logs, tables
from shared.core.config import settings
from shared.mail.rendering import Fields, render
from shared.records import credentials, one_time_tokens, submissions, suppressions, users
from shared.records.credentials import Credential
from shared.records.outbox import Entry, Kind
from shared.values import emails


class Message(NamedTuple):
    """What is sent to an address: a subject, and its text in both forms. Answers go to `reply_to` if there is one."""

    to: str
    subject: str
    text: str
    html: str
    reply_to: str = ""


class Withheld(Exception):
    """It must not be sent, nor be lost: a person has to put something right. `reason` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@tables.optimistic
def compose(entry: Entry) -> Message | None:
    """Write the mail, making its token; None if there is nothing to tell any more, or the address gets no mail.

    Raises:
        Withheld: our own inbox gets no mail.
        Outdated: the account kept changing meanwhile; worth another try.
        Unavailable: DynamoDB is out of reach; worth another try.

    """
    reason = suppressions.reason_for(entry.to)
    if reason is None:
        return _COMPOSERS[entry.kind](entry)
    if entry.kind == "submission":
        # Hardly an account has this address, so no profile would show it, and nobody prove it.
        raise Withheld(f"inbox_{reason}")
    # Before the token is made: it would take the place of one that was mailed, and never be mailed itself.
    may_ask = entry.kind in _PROOFS and suppressions.allow_proof_request(entry.to, entry.kind, entry.id)
    mail = _PROOFS[entry.kind](entry) if may_ask else None
    if mail is None:
        logs.logger.info("mail kept back", extra={"fields": {"entry": entry.id, "kind": entry.kind, "reason": reason}})
    return mail


# Mails that lead somewhere, to whoever has the address ----------------------------------------------


def _to_owner(mail_to: Callable[[Credential], Message | None]) -> Callable[[Entry], Message | None]:
    def composer(entry: Entry) -> Message | None:
        credential = credentials.find(entry.to)
        return None if credential is None else mail_to(credential)

    return composer


def _registration(credential: Credential) -> Message | None:
    if not credential.verified:
        return _verification(credential)
    return None if credential.is_reserved else _already_registered(credential)


def _verification(credential: Credential) -> Message | None:
    if credential.verified or credential.is_reserved:
        return None
    return _invitation(credential) if credential.is_invited else _verification_of(credential)


def _verification_of(credential: Credential) -> Message:
    issued = one_time_tokens.issue(credential, "verify-email")
    return _rendered("verify_email", credential.address, url=_url("verify-email", issued.token), digits=issued.code)


def _invitation(credential: Credential) -> Message | None:
    if not credential.is_invited:
        return None
    issued = one_time_tokens.issue(credential, "accept-invitation")
    return _rendered("invitation", credential.address, url=_url("reset-password", issued.token))


def _recovery(credential: Credential) -> Message | None:
    if credential.is_reserved:
        return None
    issued = one_time_tokens.issue(credential, "reset-password")
    return _rendered("recovery", credential.address, url=_url("reset-password", issued.token))


def _already_registered(owner: Credential) -> Message:
    pages = {"forgot_url": _url("forgot-password"), "sign_in_url": _url("login")}
    return _rendered("already_registered", owner.address, **pages)


# Mails about a change of address -------------------------------------------------------------------


def _email_change(entry: Entry, *, telling_owner: bool = True) -> Message | None:
    credential = _credential_of(entry.details["userId"])
    if credential is None:
        return None
    owner = credentials.find(entry.to)
    if owner is not None and owner.user_id != credential.user_id:
        is_theirs = owner.verified and not owner.is_reserved
        return _already_registered(owner) if is_theirs and telling_owner else None
    issued = one_time_tokens.issue(credential, "change-email", target=entry.to)
    return _rendered("email_change", entry.to, url=_url("verify-email", issued.token))


def _email_changed(entry: Entry) -> Message | None:
    credential = _credential_of(entry.details["userId"])
    if credential is None:
        return None
    version = int(entry.details["version"])
    issued = one_time_tokens.issue(credential, "undo-email-change", target=entry.to, version=version)
    return _rendered("email_changed", entry.to, url=_url("verify-email", issued.token))


def _credential_of(user_id: str) -> Credential | None:
    user = users.find(user_id)
    return credentials.find(user.email) if user is not None else None


# Mails to suppressed addresses: only to have their owners prove that they read them ----------------


def _proof(credential: Credential) -> Message | None:
    if credential.is_reserved:
        return None
    return _verification_of(credential) if credential.verified else _verification(credential)


_PROOFS: Mapping[Kind, Callable[[Entry], Message | None]] = {
    "registration": _to_owner(_verification),
    "verification": _to_owner(_proof),
    "email_change": lambda entry: _email_change(entry, telling_owner=False),
}


# Notices, to the account's own address -------------------------------------------------------------


def _notice(name: str) -> Callable[[Entry], Message]:
    def compose(entry: Entry) -> Message:
        return _rendered(name, entry.to, forgot_url=_url("forgot-password"), **entry.details)

    return compose


# What was written into a form, to the inbox that is meant for it ------------------------------------


def _submission(entry: Entry) -> Message | None:
    submission = submissions.find(entry.details["form"], entry.details["position"])
    if submission is None:
        return None
    mail = _rendered(
        "submission",
        entry.to,
        form=_words(submission.form),
        fields=[(_words(name), _shown(value)) for name, value in submission.fields.items()],
        sent_at=f"{datetime.fromisoformat(submission.created_at):%-d %B %Y, %H:%M} UTC",
    )
    return mail._replace(reply_to=_answerable(submission.fields.get("email")))


def _words(name: str) -> str:
    """Make a label of a name: `phoneNumber` is "Phone number"."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])|[-_/]", r" \1", name).capitalize()


def _shown(value: Any) -> str:  # whatever a form can ask for
    match value:
        case None:
            return "-"
        case bool():
            return "Yes" if value else "No"
        case list():
            return ", ".join(map(_shown, value))
        case _:
            return str(value)


def _answerable(address: Any) -> str:  # a form may call anything an email
    """Give the address if a mail can have answers sent to it: providers take local parts in ASCII alone."""
    try:
        address = emails.parse(str(address))
    except ValueError:
        return ""
    return address if address.rpartition("@")[0].isascii() else ""


_COMPOSERS: Mapping[Kind, Callable[[Entry], Message | None]] = {
    "registration": _to_owner(_registration),
    "verification": _to_owner(_verification),
    "invitation": _to_owner(_invitation),
    "recovery": _to_owner(_recovery),
    "email_change": _email_change,
    "email_changed": _email_changed,
    "password_changed": _notice("password_changed"),
    "new_device": _notice("new_device"),
    "session_ended": _notice("session_ended"),
    "submission": _submission,
}


def _url(page: str, token: str = "") -> str:
    # From the configuration, never from a request's Host header, which a stranger can choose.
    return f"{settings().frontend_url}/{page}" + (f"?token={quote(token)}" if token else "")


def _rendered(name: str, to: str, **values: str | Fields) -> Message:
    subject, text, html = render(name, **values)
    return Message(to, subject, text, html)
