"""The emails sent through SES.

Only a summary of each email and its position in the file are in memory: thousands of emails take a few megabytes, and
checking for new ones takes next to no time.
"""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html.parser import HTMLParser
from typing import Any

from local.aws.mail_file import MailFile

_BOUNDARY = "=_part"


@dataclass(frozen=True)
class _Entry:
    """The position of an email in the file, in bytes, and its summary for the list."""

    start: int
    end: int
    summary: dict[str, Any]


class Inbox:
    """The emails in the file. Thread-safe."""

    def __init__(self, file: MailFile) -> None:
        self._file = file
        self._read = 0
        self._lock = threading.Lock()
        self._entries: list[_Entry] = []
        self._by_id: dict[str, _Entry] = {}

    def since(self, count: int) -> list[dict[str, Any]]:
        """Return summaries of the emails after the first `count`, oldest first: {id, from, to, subject, sentAt}."""
        with self._lock:
            self._read_new()
            return [entry.summary for entry in self._entries[max(0, count) :]]

    def find(self, email_id: str) -> dict[str, Any] | None:
        """Return {id, from, to, replyTo, subject, text, html, sentAt, headers, source}, or None if unknown."""
        with self._lock:
            self._read_new()
            entry = self._by_id.get(email_id)
        if entry is None:
            return None
        email = _email(self._file.source(entry.start, entry.end))
        return {**email, "source": _source(email)}

    def newest_first(self) -> list[dict[str, Any]]:
        """Return all emails with all fields but `source`."""
        return [email for _, email in self._file.read(0, _email) if email][::-1]

    def _read_new(self) -> None:
        """Read the lines added since the last call."""
        for end, email in self._file.read(self._read, _email):
            if email:
                summary = {name: email[name] for name in ("id", "from", "to", "subject", "sentAt")}
                entry = _Entry(self._read, end, summary)
                self._entries.append(entry)
                self._by_id[email["id"]] = entry
            self._read = end


def safe_html(html: str) -> str:
    """Return the HTML with links that open in a new tab and give it no access to this one (`noopener noreferrer`).

    Scripts and other active content are left in: the frame's sandbox and the content security policy block them.
    """
    links = _Links()
    links.feed(html)
    links.close()
    starts = [0]
    for line in html.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    parts, read = ["<!doctype html>"], 0
    for number, column, text, replacement in links.found:
        start = starts[number - 1] + column
        parts += [html[read:start], replacement]
        read = start + len(text)
    return "".join([*parts, html[read:]])


class _Links(HTMLParser):
    """Finds the tags to replace: (line, column, text, replacement)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[int, int, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Add an attribute to a link; remove a `<base>`, which would redirect links."""
        text = self.get_starttag_text() or ""
        if tag in {"a", "area"}:
            # If an attribute appears twice, browsers use the first.
            rest = text[len(tag) + 1 :]
            self._replace(text, f'<{tag} target="_blank" rel="noopener noreferrer"{rest}')
        elif tag == "base":
            self._replace(text, "")
        del attrs

    def _replace(self, text: str, replacement: str) -> None:
        self.found.append((*self.getpos(), text, replacement))


def _email(stored: dict[str, Any]) -> dict[str, Any]:
    def text(name: str) -> str:
        # An email from a template has other names for its fields.
        return str(stored.get(name) or stored.get(f"Rendered{name}") or "")

    sent_at = datetime.fromtimestamp(stored["Timestamp"], UTC).isoformat(timespec="milliseconds")
    return {
        "id": str(stored["MessageId"]),
        "from": stored.get("Source") or "",
        "to": ", ".join(stored["To"]),
        "replyTo": ", ".join(stored.get("ReplyTo") or ()),
        "subject": text("Subject"),
        "text": text("BodyText"),
        "html": text("BodyHtml"),
        "sentAt": sent_at.replace("+00:00", "Z"),
        "headers": {header["Name"]: header["Value"] for header in stored.get("Headers") or ()},
    }


def _source(email: dict[str, Any]) -> str:
    """Return the email's headers and parts as in its transmission format, but unencoded, so that it is readable."""
    headers = {
        "From": email["from"],
        "To": email["to"],
        "Reply-To": email["replyTo"],
        "Subject": email["subject"],
        "Date": format_datetime(datetime.fromisoformat(email["sentAt"])),
        "Message-ID": f"<{email['id']}>",
        **email["headers"],
        "MIME-Version": "1.0",
    }
    parts = [(kind, email[name]) for kind, name in (("plain", "text"), ("html", "html")) if email[name]]
    several = len(parts) > 1
    if several:
        headers["Content-Type"] = f'multipart/alternative; boundary="{_BOUNDARY}"'
    text = "".join(f"{name}: {' '.join(str(value).splitlines())}\n" for name, value in headers.items() if value)
    for kind, content in parts:
        opening = f"\n--{_BOUNDARY}\n" if several else ""
        text += f"{opening}Content-Type: text/{kind}; charset=utf-8\n\n{content.rstrip()}\n"
    return text + (f"\n--{_BOUNDARY}--\n" if several else "")
