"""Notices of what has happened to an account, to its own address."""

from collections.abc import Callable

from shared.mail.message import Message, page_url
from shared.records import credentials, providers
from shared.records.outbox import Entry


def composer(name: str, **pages: str) -> Callable[[Entry], Message]:
    """Return the composer of a notice. `pages` are the front end's pages it links to, by name in its template."""

    def compose(entry: Entry) -> Message:
        urls = {value: page_url(page) for value, page in pages.items()}
        return Message.from_template(name, entry.to, **urls, **entry.details)

    return compose


def password_changed(entry: Entry) -> Message:
    """Compose the notice of a new password. It lists the ways to sign in, because one may have been added."""
    credential = credentials.find(entry.to)
    types = [] if credential is None else list(credential.factors.values())
    linked = [] if credential is None else sorted({providers.name_of(each) for each in credential.identities.values()})
    ways = {"passkeys": "yes" if "passkey" in types else "", "apps": "yes" if "totp" in types else ""}
    return Message.from_template(
        "password_changed", entry.to, providers=", ".join(linked), **ways, forgot_url=page_url("forgot-password")
    )
