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

from shared import credentials, one_time_tokens
from shared.config import settings
from shared.credentials import Credential
from shared.outbox import Entry, Kind


@dataclass(frozen=True, slots=True)
class Mail:
    """What is sent to an address: a subject, and its text in both forms."""

    to: str
    subject: str
    text: str
    html: str


def compose(entry: Entry) -> Mail | None:
    """Write the mail, making its token; None if there is nothing to tell any more.

    Raises:
        Outdated: the account changed meanwhile; worth another try.
        Unavailable: DynamoDB is out of reach; worth another try.

    """
    return _COMPOSERS[entry.kind](entry.to)


def _registration(address: str) -> Mail | None:
    credential = credentials.find(address)
    if credential is None or not credential.verified:
        return _verification(address)
    return _rendered("already_registered", credential, forgot_url=_url("forgot-password"), sign_in_url=_url("login"))


def _verification(address: str) -> Mail | None:
    credential = credentials.find(address)
    if credential is None or credential.verified:
        return None
    if credential.is_invited:
        return _invitation(address)
    issued = one_time_tokens.issue(credential, "verify-email")
    return _rendered("verify_email", credential, url=_url("verify-email", issued.token), code=issued.code)


def _invitation(address: str) -> Mail | None:
    credential = credentials.find(address)
    if credential is None or not credential.is_invited:
        return None
    issued = one_time_tokens.issue(credential, "accept-invitation")
    return _rendered("invitation", credential, url=_url("reset-password", issued.token))


_COMPOSERS: Mapping[Kind, Callable[[str], Mail | None]] = {
    "registration": _registration,
    "verification": _verification,
    "invitation": _invitation,
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


def _rendered(name: str, credential: Credential, **values: str) -> Mail:
    """Fill in a template; the text's first line is the subject."""
    values = {"app_name": settings().app_name, **values}
    subject, _, text = _templates().get_template(f"{name}.txt").render(values).partition("\n\n")
    html = _templates().get_template(f"{name}.html").render(values)
    return Mail(credential.address, subject, text, html)
