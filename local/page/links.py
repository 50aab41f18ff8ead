"""Where the links of emails lead: to the front end, or to the stand-in while no front end is running."""

import re
import socket
from collections.abc import Mapping
from html import escape
from urllib.parse import urlsplit

from local.hosts import is_local
from local.page import stand_in
from local.page.stand_in.screens import SCREENS
from local.template import Project

# The variable with the address of the front end, in every function that has it.
_VARIABLE = "FRONTEND_URL"
_SECONDS = 0.3
_PORTS = {"http": 80, "https": 443}


class Links:
    """The links of emails, for this project's `front_end`. If that is empty, all links stay as they are."""

    def __init__(self, project: Project) -> None:
        found = {function.environment.get(_VARIABLE, "") for function in project.functions.values()} - {""}
        self.front_end = found.pop() if len(found) == 1 else ""

    def of(self, text: str) -> list[Mapping[str, str]]:
        """Return the links to the front end in an email's text: {url, opens}, which differ if the runner stands in."""
        if not self.front_end:
            return []
        urls = dict.fromkeys(re.findall(re.escape(self.front_end) + r"/[^\s<>\"]*", text))
        stand_ins = {url: self._stand_in(url) for url in urls}
        is_needed = any(stand_ins.values()) and not _is_running(self.front_end)
        return [{"url": url, "opens": (is_needed and stand_ins[url]) or url} for url in urls]

    def opens(self, url: str) -> str:
        """Return where a URL leads: to itself, or to the stand-in's page."""
        return next((link["opens"] for link in self.of(url) if link["url"] == url), url)

    def redirected(self, html: str) -> str:
        """Return an email's HTML, with links to the stand-in where no front end is running."""
        for link in self.of(html.replace("&amp;", "&")):
            if link["url"] != link["opens"]:
                html = html.replace(f'href="{escape(link["url"])}"', f'href="{escape(link["opens"])}"')
        return html

    def _stand_in(self, url: str) -> str:
        """Return the URL of the stand-in's page, or empty."""
        try:
            parts = urlsplit(url.removeprefix(self.front_end))
        except ValueError:
            # A stranger's message can have any text.
            return ""
        is_page = parts.path.startswith("/") and parts.path.strip("/") in SCREENS
        return f"{stand_in.PATH}{parts.geturl()}" if is_page and not parts.netloc else ""


def _is_running(front_end_url: str) -> bool:
    """Return whether the front end accepts connections. One on another machine counts as running."""
    try:
        parts = urlsplit(front_end_url)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 80)
    except ValueError:
        return True
    if not is_local(parts.netloc.rpartition("@")[2]):
        return True
    try:
        with socket.create_connection((host, port), _SECONDS):
            return True
    except OSError:
        return False
