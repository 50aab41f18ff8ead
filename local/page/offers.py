"""The links and codes in emails, for operations that take a `token` or a `code`."""

import re
from typing import Any

from local.page.inbox import Inbox

_LINK = re.compile(r"https?://\S+?[?&]token=([\w.~%-]+)")
_CODE = re.compile(r"(?m)^\s*(\d{6})\s*$")
# Only so many of the newest emails are read.
_MAX_READ = 100


def newest(inbox: Inbox, address: str, count: int = 5) -> list[dict[str, Any]]:
    """Return the newest emails with a link or a code, to this address if it is not empty.

    Each is {id, to, subject, sentAt, link, token, code}, the last three empty if the email lacks them.
    """
    found: list[dict[str, Any]] = []
    wanted = address.lower()
    matching = [summary for summary in inbox.since(0) if not wanted or summary["to"].lower() == wanted]
    for summary in reversed(matching[-_MAX_READ:]):
        email = inbox.find(summary["id"])
        link = _LINK.search(email["text"]) if email else None
        code = _CODE.search(email["text"]) if email else None
        if link or code:
            found.append(
                {
                    **{name: summary[name] for name in ("id", "to", "subject", "sentAt")},
                    "link": link[0] if link else "",
                    "token": link[1] if link else "",
                    "code": code[1] if code else "",
                }
            )
        if len(found) == count:
            break
    return found
