"""/_local/: what a developer wants to see beside the API: mails, requests, routes to try, tables.

Only for this machine's own browser, and it only looks: every address is a GET. A page from elsewhere could name this
address as its own (DNS rebinding), so the Host must be loopback; a page of another origin gets no permission to read
(no CORS) nor to embed. Nothing of a mail is trusted: its text is shown as text, its HTML is a document of its own
that may neither run scripts, nor load, nor send anything, nor be of this origin.
"""

import json
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request
from samcli.local.apigw.route import Route

from local.aws.client import Aws, AwsError, CloudGoneError
from local.page import examples, tables
from local.page.history import History
from local.page.inbox import Inbox, safe_html
from local.template import Project

_WEB = Path(__file__).with_name("web")
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
# Links may open tabs, which then are like any other tab; see `inbox.safe_html`. `sandbox` counts in a tab too.
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


class Page:
    """The page's addresses."""

    def __init__(self, inbox: Inbox, history: History, aws: Aws) -> None:
        self._inbox, self._history, self._aws = inbox, history, aws
        # Tells a page that what it has seen was another run's.
        self._run = secrets.token_urlsafe(8)

    def add_to(self, app: Flask, project: Project) -> None:
        """Serve the page from this application."""
        _guard(app)
        _add_files(app)
        self._add_mails(app)
        self._add_requests(app)
        self._add_tables(app, project)

        @app.get("/_local/routes.json")
        def routes() -> Response:
            rows = [_route(route, project) for route in project.api.routes]
            return _json(sorted(rows, key=lambda row: str(row["path"])))

    def _add_mails(self, app: Flask) -> None:
        @app.get("/_local/inbox.json")
        def inbox() -> Response:
            return _json(self._inbox.newest_first())

        @app.get("/_local/mails/<mail_id>.json")
        def mail(mail_id: str) -> Response:
            return _json(self._mail(mail_id))

        @app.get("/_local/mails/<mail_id>.html")
        def preview(mail_id: str) -> Response:
            response = Response(safe_html(self._mail(mail_id)["html"] or ""), mimetype="text/html")
            response.headers["Content-Security-Policy"] = _MAIL_POLICY
            return response

    def _add_requests(self, app: Flask) -> None:
        @app.get("/_local/news.json")
        def news() -> Response:
            """What is new since a page has seen so many mails and requests of this run: asked for every second."""
            known = request.args.get("run") == self._run
            mails, requests = ((request.args.get(name, 0, int) if known else 0) for name in ("mails", "requests"))
            found = {"mails": self._inbox.since(mails), "requests": self._history.since(requests)}
            return _json({"run": self._run, **found})

        @app.get("/_local/requests/<request_id>.json")
        def lines(request_id: str) -> Response:
            return _json({"lines": self._history.lines(request_id)})

    def _add_tables(self, app: Flask, project: Project) -> None:
        @app.get("/_local/tables.json")
        def overview() -> Response:
            return self._of_aws(lambda: tables.overview(project.tables, self._aws))

        @app.get("/_local/tables/<name>.json")
        def items(name: str) -> Response:
            if name not in project.tables:
                abort(HTTPStatus.NOT_FOUND)
            return self._of_aws(lambda: tables.page(name, request.args.get("cursor", ""), self._aws))

    def _mail(self, mail_id: str) -> dict[str, Any]:
        return self._inbox.mail(mail_id) or abort(HTTPStatus.NOT_FOUND)

    def _of_aws(self, ask: Any) -> Response:
        try:
            return _json(ask())
        except tables.CursorError:
            abort(HTTPStatus.BAD_REQUEST)
        except (AwsError, CloudGoneError) as problem:
            refused = getattr(problem, "code", "") == "ValidationException"
            abort(HTTPStatus.BAD_REQUEST if refused else HTTPStatus.SERVICE_UNAVAILABLE)
        finally:
            # Each of the browser's connections has a thread of its own, and so would have one to MiniStack.
            self._aws.close()


def _guard(app: Flask) -> None:
    """Keep everybody else out of /_local/."""

    @app.before_request
    def only_from_here() -> None:
        if _is_ours() and not _is_loopback(request.host):
            abort(HTTPStatus.FORBIDDEN)

    @app.after_request
    def only_for_us(response: Response) -> Response:
        if _is_ours():
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
    # In the order in which it is: Flask would sort the fields of an example.
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
    # SAM CLI adds OPTIONS for CORS.
    return sorted(set(route.methods) - {"OPTIONS"})


def _is_ours() -> bool:
    return request.path.startswith("/_local/")


def _is_loopback(host: str) -> bool:
    return host.rpartition("]")[0].strip("[") == "::1" or host.partition(":")[0] in {"localhost", "127.0.0.1"}
