"""/_local/, the page for developers: emails, requests, routes to try, tables.

It is read-only (every URL is a GET) and only for browsers on this machine. Another website could point its own host
name at this address (DNS rebinding), so the Host header must name loopback. Pages of other origins can neither read
(no CORS) nor embed it. Emails are untrusted: text is shown as text, and HTML is a separate document that has no origin
and cannot run scripts, load resources or send anything.
"""

import json
import secrets
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request
from samcli.local.apigw.route import Route

from local.aws.client import Aws, AwsError, MiniStackGoneError
from local.gateway.app import is_page
from local.handlers import Handler
from local.page import examples, front_end, missing, tables
from local.page.history import History
from local.page.inbox import Inbox, safe_html
from local.page.links import Links
from local.template import Project

_WEB = Path(__file__).with_name("web")
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
# Links may open tabs without a sandbox (see `inbox.safe_html`). The policy also applies to an email opened in a tab of
# its own.
_EMAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


class Page:
    """The routes of the page."""

    def __init__(self, inbox: Inbox, history: History, aws: Aws, port: int) -> None:
        self._inbox, self._history, self._aws, self._port = inbox, history, aws, port
        # Lets an open page notice that the runner was restarted.
        self._run = secrets.token_urlsafe(8)

    def add_to(self, app: Flask, project: Project, undeclared: Iterable[Handler]) -> None:
        """Add the page to this application, and the responses for handlers without a block in the template."""
        missing.add_to(app, undeclared)
        front_end.add_to(app, self._port)
        _guard(app)
        _add_files(app)
        self._add_emails(app, Links(project))
        self._add_requests(app)
        self._add_tables(app, project)

        @app.get("/_local/routes.json")
        def routes() -> Response:
            rows = [_route(route, project) for route in project.api.routes]
            return _json(sorted(rows, key=lambda row: str(row["path"])))

    def _add_emails(self, app: Flask, links: Links) -> None:
        @app.get("/_local/inbox.json")
        def inbox() -> Response:
            return _json(self._inbox.newest_first())

        @app.get("/_local/emails/<email_id>.json")
        def email(email_id: str) -> Response:
            email = self._email(email_id)
            return _json({**email, "links": links.of(email["text"])})

        @app.get("/_local/emails/<email_id>.html")
        def preview(email_id: str) -> Response:
            html = links.redirected(self._email(email_id)["html"] or "")
            response = Response(safe_html(html), mimetype="text/html")
            response.headers["Content-Security-Policy"] = _EMAIL_POLICY
            return response

    def _add_requests(self, app: Flask) -> None:
        @app.get("/_local/news.json")
        def news() -> Response:
            """Return what is new since the given numbers of emails and requests. The page asks every second."""
            known = request.args.get("run") == self._run
            emails, requests = ((request.args.get(name, 0, int) if known else 0) for name in ("emails", "requests"))
            new = {"emails": self._inbox.since(emails), "requests": self._history.since(requests)}
            return _json({"run": self._run, **new})

        @app.get("/_local/requests/<request_id>.json")
        def lines(request_id: str) -> Response:
            return _json({"lines": self._history.lines(request_id)})

    def _add_tables(self, app: Flask, project: Project) -> None:
        @app.get("/_local/tables.json")
        def overview() -> Response:
            return self._from_aws(lambda: tables.overview(project.tables, self._aws))

        @app.get("/_local/tables/<name>.json")
        def items(name: str) -> Response:
            if name not in project.tables:
                abort(HTTPStatus.NOT_FOUND)
            return self._from_aws(lambda: tables.page(name, request.args.get("cursor", ""), self._aws))

    def _email(self, email_id: str) -> dict[str, Any]:
        return self._inbox.find(email_id) or abort(HTTPStatus.NOT_FOUND)

    def _from_aws(self, query: Callable[[], Any]) -> Response:
        try:
            return _json(query())
        except tables.CursorError:
            abort(HTTPStatus.BAD_REQUEST)
        except (AwsError, MiniStackGoneError):
            abort(HTTPStatus.SERVICE_UNAVAILABLE)
        finally:
            # Otherwise every thread that serves the page keeps a connection to MiniStack open.
            self._aws.close()


def _guard(app: Flask) -> None:
    """Protect /_local/: no embedding, no caching. The gateway accepts loopback hosts only."""

    @app.after_request
    def add_headers(response: Response) -> Response:
        if is_page():
            response.headers.setdefault("Content-Security-Policy", _POLICY)
            response.headers["Cache-Control"] = "no-store"
            response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _add_files(app: Flask) -> None:
    @app.get("/_local/", defaults={"name": "index.html"})
    @app.get("/_local/<name>")
    def file(name: str) -> Response:
        path = _WEB / name
        if path not in _WEB.iterdir():
            abort(HTTPStatus.NOT_FOUND)
        return Response(path.read_text(encoding="utf-8"), mimetype=_KINDS[path.suffix])


def _json(value: Any) -> Response:
    # Flask's own `jsonify` would sort the fields of the examples.
    return Response(json.dumps(value), mimetype="application/json")


def _route(route: Route, project: Project) -> dict[str, Any]:
    path = str(route.path)
    return {
        "path": path,
        "methods": _methods(route),
        "function": route.function_name,
        "examples": examples.examples(project.functions[route.function_name], path),
    }


def _methods(route: Route) -> list[str]:
    if set(Route.ANY_HTTP_METHODS) <= set(route.methods):
        return ["ANY"]
    # SAM CLI adds OPTIONS to routes with CORS.
    return sorted(set(route.methods) - {"OPTIONS"})
