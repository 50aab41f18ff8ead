"""An email: its parts, and how templates and the front end's pages get into it."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from shared.core.config import settings
from shared.mail.rendering import Fields, render
from shared.records.budgets import Budget

_BUDGETS: Mapping[str, Budget] = {
    "already_registered": "accounts",
    "invitation": "accounts",
    "recovery": "accounts",
    "sign_in": "accounts",
    "account_opened": "others",
    "identity_link": "accounts",
    "sign_up": "others",
    "verify_email": "others",
    "email_change": "others",
}


class Message(NamedTuple):
    """An email in both forms, text and HTML. Replies go to `reply_to` unless it is empty.

    `budget` bounds what strangers can cause. Notices and the invitations of administrators have none.
    """

    to: str
    subject: str
    text: str
    html: str
    reply_to: str = ""
    budget: Budget | None = None

    @classmethod
    def from_template(cls, template: str, to: str, **values: str | Fields) -> "Message":
        """Render a template of `shared/mail/templates` with these values."""
        subject, text, html = render(template, **values)
        return cls(to, subject, text, html, budget=_BUDGETS.get(template))


def page_url(path: str, token: str = "") -> str:
    """Return the address of a page of the front end, with a one-time token if there is one."""
    # The host comes from the configuration, never from a request's Host header, which a client can choose.
    return f"{settings().frontend_url}/{path}" + (f"?token={quote(token)}" if token else "")
