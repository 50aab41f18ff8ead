"""The mails that were given to SES, as `durable.py` keeps them in `mail.jsonl`: one JSON object a line, only appended.

What is kept in memory is a line of each mail's list entry and where the rest is, so that thousands of mails cost a few
megabytes and looking whether there are new ones costs nothing.
"""

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

_BOUNDARY = "=_part"


@dataclass(frozen=True)
class _Place:
    """Where a mail is in the file, in bytes, and what the list shows of it."""

    start: int
    end: int
    summary: dict[str, Any]


class Inbox:
    """Reads the file that MiniStack's process writes. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._places: list[_Place] = []
        self._by_id: dict[str, _Place] = {}

    def since(self, count: int) -> list[dict[str, Any]]:
        """What the list shows of every mail after the first `count`, oldest first: {id, from, to, subject, sentAt}."""
        with self._lock:
            self._look()
            return [place.summary for place in self._places[max(0, count) :]]

    def mail(self, mail_id: str) -> dict[str, Any] | None:
        """One whole mail: {id, from, to, replyTo, subject, text, html, sentAt, headers, source}, None if unknown."""
        with self._lock:
            self._look()
            place = self._by_id.get(mail_id)
        if place is None:
            return None
        with self._path.open("rb") as file:
            file.seek(place.start)
            mail = _mail(json.loads(file.read(place.end - place.start)))
        return {**mail, "source": _source(mail)}

    def newest_first(self) -> list[dict[str, Any]]:
        """Every mail, whole but for its source."""
        try:
            lines = self._path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
        # What follows the last line's end is a line that is just being written.
        return [_mail(json.loads(line)) for line in reversed(lines[:-1])]

    def _look(self) -> None:
        """Read what has been added since the last look."""
        read = self._places[-1].end if self._places else 0
        try:
            if self._path.stat().st_size <= read:
                return
        except FileNotFoundError:
            return
        with self._path.open("rb") as file:
            file.seek(read)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                mail = _mail(json.loads(line))
                summary = {name: mail[name] for name in ("id", "from", "to", "subject", "sentAt")}
                place = _Place(read, read + len(line), summary)
                self._places.append(place)
                self._by_id[mail["id"]] = place
                read = place.end


def safe_html(html: str) -> str:
    """The mail's HTML with every link opening in a tab of its own that knows nothing of this one.

    Scripts and the like are not looked for: the frame's sandbox and policy keep them from running.
    """
    links = _Links()
    links.feed(html)
    links.close()
    starts = [0]
    for line in html.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    made, read = ["<!doctype html>"], 0
    for number, column, text, replacement in links.found:
        start = starts[number - 1] + column
        made += [html[read:start], replacement]
        read = start + len(text)
    return "".join([*made, html[read:]])


class _Links(HTMLParser):
    """Finds the tags of links, and what stands in their place: (line, column, text, replacement)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[int, int, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link; a base would change what links mean."""
        text = self.get_starttag_text() or ""
        if tag in {"a", "area"}:
            # Of two attributes with the same name a browser takes the first.
            kept = text[len(tag) + 1 :]
            self._note(text, f'<{tag} target="_blank" rel="noopener noreferrer"{kept}')
        elif tag == "base":
            self._note(text, "")
        del attrs

    def _note(self, text: str, replacement: str) -> None:
        self.found.append((*self.getpos(), text, replacement))


def _mail(stored: dict[str, Any]) -> dict[str, Any]:
    sent_at = datetime.fromtimestamp(stored["Timestamp"], UTC).isoformat(timespec="milliseconds")
    return {
        "id": stored["MessageId"],
        "from": stored.get("Source") or "",
        "to": ", ".join(stored["To"]),
        "replyTo": ", ".join(stored.get("ReplyTo") or ()),
        "subject": stored["Subject"],
        "text": stored["BodyText"],
        "html": stored["BodyHtml"],
        "sentAt": sent_at.replace("+00:00", "Z"),
        "headers": {header["Name"]: header["Value"] for header in stored.get("Headers") or ()},
    }


def _source(mail: dict[str, Any]) -> str:
    """The mail as it would be on the wire, but readable: nothing is encoded."""
    headers = {
        "From": mail["from"],
        "To": mail["to"],
        "Reply-To": mail["replyTo"],
        "Subject": mail["subject"],
        "Date": format_datetime(datetime.fromisoformat(mail["sentAt"])),
        "Message-ID": f"<{mail['id']}>",
        **mail["headers"],
        "MIME-Version": "1.0",
    }
    parts = [(kind, mail[name]) for kind, name in (("plain", "text"), ("html", "html")) if mail[name]]
    several = len(parts) > 1
    if several:
        headers["Content-Type"] = f'multipart/alternative; boundary="{_BOUNDARY}"'
    text = "".join(f"{name}: {' '.join(str(value).splitlines())}\n" for name, value in headers.items() if value)
    for kind, content in parts:
        opening = f"\n--{_BOUNDARY}\n" if several else ""
        text += f"{opening}Content-Type: text/{kind}; charset=utf-8\n\n{content.rstrip()}\n"
    return text + (f"\n--{_BOUNDARY}--\n" if several else "")
