"""The words of each mail: what is to be told, as of the moment of sending.

A mail about an account goes to the account's own address, not to the one that was typed to ask for it: two spellings
that are compared as one (`straße@` and `strasse@`, case-folded) may be two mailboxes.

Nothing that a stranger can type (a name, say) goes into a mail to an address that has not been proved to be theirs;
otherwise registering would be a way to send anybody anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from shared import credentials, one_time_tokens, tables, users
from shared.config import settings
from shared.credentials import Credential
from shared.outbox import Entry, Kind


@dataclass(frozen=True, slots=True)
class Mail:
    """What is sent to an address: a subject, and its text in both forms. Answers go to `reply_to` if there is one."""

    to: str
    subject: str
    text: str
    html: str
    reply_to: str = ""


@tables.optimistic
def compose(entry: Entry) -> Mail | None:
    """Write the mail, making its token; None if there is nothing to tell any more.

    Raises:
        Outdated: the account kept changing meanwhile; worth another try.
        Unavailable: DynamoDB is out of reach; worth another try.

    """
    return _COMPOSERS[entry.kind](entry)


# Mails that lead somewhere -------------------------------------------------------------------------


def _registration(entry: Entry) -> Mail | None:
    credential = credentials.find(entry.to)
    if credential is None or not credential.verified:
        return _verification(entry)
    return None if credential.is_reserved else _already_registered(credential)


def _verification(entry: Entry) -> Mail | None:
    credential = credentials.find(entry.to)
    if credential is None or credential.verified:
        return None
    if credential.is_invited:
        return _invitation(entry)
    issued = one_time_tokens.issue(credential, "verify-email")
    return _rendered("verify_email", credential.address, url=_url("verify-email", issued.token), code=issued.code)


def _invitation(entry: Entry) -> Mail | None:
    credential = credentials.find(entry.to)
    if credential is None or not credential.is_invited:
        return None
    issued = one_time_tokens.issue(credential, "accept-invitation")
    return _rendered("invitation", credential.address, url=_url("reset-password", issued.token))


def _recovery(entry: Entry) -> Mail | None:
    credential = credentials.find(entry.to)
    if credential is None or credential.is_reserved:
        return None
    issued = one_time_tokens.issue(credential, "reset-password")
    return _rendered("recovery", credential.address, url=_url("reset-password", issued.token))


def _email_change(entry: Entry) -> Mail | None:
    credential = _credential_of(entry.details["userId"])
    if credential is None:
        return None
    owner = credentials.find(entry.to)
    if owner is not None and owner.user_id != credential.user_id:
        return None if owner.is_reserved or not owner.verified else _already_registered(owner)
    issued = one_time_tokens.issue(credential, "change-email", target=entry.to)
    return _rendered("email_change", entry.to, url=_url("verify-email", issued.token))


def _email_changed(entry: Entry) -> Mail | None:
    credential = _credential_of(entry.details["userId"])
    if credential is None:
        return None
    version = int(entry.details["version"])
    issued = one_time_tokens.issue(credential, "undo-email-change", target=entry.to, version=version)
    return _rendered("email_changed", entry.to, url=_url("verify-email", issued.token))


def _already_registered(owner: Credential) -> Mail:
    pages = {"forgot_url": _url("forgot-password"), "sign_in_url": _url("login")}
    return _rendered("already_registered", owner.address, **pages)


def _credential_of(user_id: str) -> Credential | None:
    user = users.find(user_id)
    return credentials.find(user.email) if user is not None else None


# Notices, to the account's own address -------------------------------------------------------------


def _notice(name: str) -> Callable[[Entry], Mail]:
    def compose(entry: Entry) -> Mail:
        return _rendered(name, entry.to, forgot_url=_url("forgot-password"), **entry.details)

    return compose


_COMPOSERS: Mapping[Kind, Callable[[Entry], Mail | None]] = {
    "registration": _registration,
    "verification": _verification,
    "invitation": _invitation,
    "recovery": _recovery,
    "email_change": _email_change,
    "email_changed": _email_changed,
    "password_changed": _notice("password_changed"),
    "new_device": _notice("new_device"),
    "session_ended": _notice("session_ended"),
}


def _url(page: str, token: str = "") -> str:
    # From the configuration, never from a request's Host header, which a stranger can choose.
    return f"{settings().frontend_url}/{page}" + (f"?token={quote(token)}" if token else "")


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "mails"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _rendered(name: str, to: str, **values: str) -> Mail:
    """Fill in a template; the text's first line is the subject."""
    values = {"app_name": settings().app_name, **values}
    subject, _, text = _templates().get_template(f"{name}.txt").render(values).partition("\n\n")
    html = _templates().get_template(f"{name}.html").render(values)
    return Mail(to, subject, text, html)
