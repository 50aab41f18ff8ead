"""/_local/: what a developer wants to see beside the API: routes, mails, requests.

Only for this machine's own browser. A page from elsewhere could name this address as its own (DNS rebinding), so the Host must be
loopback; nothing of a mail is trusted: `page.html` shows text as text and HTML in a sandbox without scripts or network.
"""

import json
import threading
from collections import deque
from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, jsonify, request
from samcli.local.apigw.route import Route

from local.gateway import Answered

_KEPT_REQUESTS = 200
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; frame-src 'self'; "
    "img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class Page:
    """The page's data and its addresses."""

    def __init__(self, mails: Path) -> None:
        self._mails = mails
        self._requests: deque[dict[str, Any]] = deque(maxlen=_KEPT_REQUESTS)
        self._count = 0
        self._lock = threading.Lock()

    def note(self, answered: Answered) -> None:
        """Remember an answered request."""
        with self._lock:
            self._count += 1
            self._requests.appendleft({"id": self._count, **asdict(answered)})

    def inbox(self) -> list[dict[str, Any]]:
        """Every mail that was given to SES, newest first: {id, to, subject, text, html, sentAt}."""
        try:
            lines = self._mails.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [_mail(json.loads(line)) for line in reversed(lines)]

    def add_to(self, app: Flask, routes: list[Route]) -> None:
        """Serve the page from this application."""

        @app.before_request
        def only_from_here() -> None:
            if request.path.startswith("/_local/") and not _is_loopback(request.host):
                abort(HTTPStatus.FORBIDDEN)

        @app.get("/_local/")
        def page() -> Response:
            return _file("page.html", "text/html")

        @app.get("/_local/page.js")
        def script() -> Response:
            return _file("page.js", "text/javascript")

        @app.get("/_local/inbox.json")
        def inbox() -> Response:
            return jsonify(self.inbox())

        @app.get("/_local/requests.json")
        def requests() -> Response:
            with self._lock:
                return jsonify(list(self._requests))

        @app.get("/_local/routes.json")
        def route_list() -> Response:
            rows = [{"path": r.path, "methods": _methods(r), "function": r.function_name} for r in routes]
            return jsonify(sorted(rows, key=lambda row: str(row["path"])))


def _mail(stored: dict[str, Any]) -> dict[str, Any]:
    sent_at = datetime.fromtimestamp(stored["Timestamp"], UTC).isoformat(timespec="milliseconds")
    return {
        "id": stored["MessageId"],
        "to": ", ".join(stored["To"]),
        "subject": stored["Subject"],
        "text": stored["BodyText"],
        "html": stored["BodyHtml"],
        "sentAt": sent_at.replace("+00:00", "Z"),
    }


def _methods(route: Route) -> list[str]:
    if set(Route.ANY_HTTP_METHODS) <= set(route.methods):
        return ["ANY"]
    # SAM CLI adds OPTIONS for CORS.
    return sorted(set(route.methods) - {"OPTIONS"})


def _is_loopback(host: str) -> bool:
    return host.rpartition("]")[0].strip("[") == "::1" or host.partition(":")[0] in {"localhost", "127.0.0.1"}


def _file(name: str, kind: str) -> Response:
    response = Response(Path(__file__).with_name(name).read_text(encoding="utf-8"), mimetype=kind)
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "no-store"
    return response
