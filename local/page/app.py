"""/_local/, the page for developers: emails, requests, the API's reference with a form for each operation, tables.

It is only for browsers on this machine, and only its own scripts may change anything: see `guard`. Emails are
untrusted: text is shown as text, and HTML is a separate document that has no origin and cannot run scripts, load
resources or send anything.
"""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request
from samcli.local.apigw.route import Route

from local.aws.client import Aws, AwsError, MiniStackGoneError
from local.handlers import Handler
from local.openid import LocalProvider
from local.page import calls, examples, guard, missing, offers, openid, stand_in, tables
from local.page.accounts import Accounts, SignInError
from local.page.document import Document
from local.page.history import History
from local.page.inbox import Inbox, safe_html
from local.page.links import Links
from local.template import Project

_WEB = Path(__file__).with_name("web")
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
# Links may open tabs without a sandbox (see `inbox.safe_html`). The policy also applies to an email opened in a tab of
# its own.
_EMAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
_CHANGED = "The item has changed since it was shown, or is gone. Nothing was written."


class Page:
    """The routes of the page."""

    def __init__(  # noqa: PLR0913  # a part for each view
        self,
        inbox: Inbox,
        history: History,
        document: Document,
        accounts: Accounts,
        aws: Aws,
        *,
        provider: LocalProvider,
    ) -> None:
        self._inbox, self._history, self._aws = inbox, history, aws
        self._document, self._accounts, self._provider = document, accounts, provider
        # Lets an open page notice that the runner was restarted.
        self._run = secrets.token_urlsafe(8)

    def add_to(self, app: Flask, project: Project, undeclared: Iterable[Handler]) -> None:
        """Add the page to this application, and the responses for handlers without a block in the template."""
        missing.add_to(app, undeclared)
        guard.add_to(app)
        links = Links(project)
        stand_in.add_to(app, links.opens)
        openid.add_to(app, self._provider, links.front_end)
        _add_files(app)
        self._add_emails(app, links)
        self._add_requests(app)
        self._add_reference(app, project)
        self._add_accounts(app, project)
        self._add_tables(app, project)
        self._add_items(app, project)

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

        @app.get("/_local/offers.json")
        def newest_offers() -> Response:
            return _json(offers.newest(self._inbox, request.args.get("to", "")))

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
            found = self._history.lines(request_id)
            return _json({"lines": found, "calls": calls.outgoing(found)})

        @app.get("/_local/exchanges/<int:number>.json")
        def exchange(number: int) -> Response:
            return _json(self._history.exchange(number) or abort(HTTPStatus.NOT_FOUND))

    def _add_reference(self, app: Flask, project: Project) -> None:
        @app.get("/_local/routes.json")
        def routes() -> Response:
            rows = [_route(route, project) for route in project.api.routes]
            return _json(sorted(rows, key=lambda row: str(row["path"])))

        @app.get("/_local/document.json")
        def document() -> Response:
            return _json(self._document.news(request.args.get("version", "")))

    def _add_accounts(self, app: Flask, project: Project) -> None:
        @app.get("/_local/users.json")
        def users() -> Response:
            return self._from_aws(lambda: self._accounts.users(project, request.args.get("text", "")))

        @app.get("/_local/codes.json")
        def codes() -> Response:
            return self._from_aws(lambda: self._accounts.codes(project))

        @app.post("/_local/sign-in.json")
        def sign_in() -> Response:
            email = str(_sent("email"))
            agent = request.headers.get("User-Agent", "")
            try:
                return _json(self._accounts.sign_in(project, email, request.remote_addr or "", agent))
            except SignInError as problem:
                return _problem(HTTPStatus.CONFLICT, str(problem))

    def _add_tables(self, app: Flask, project: Project) -> None:
        @app.get("/_local/tables.json")
        def overview() -> Response:
            return self._from_aws(lambda: tables.overview(project.tables, self._aws))

        @app.get("/_local/tables/<name>.json")
        def items(name: str) -> Response:
            wanted = {part: request.args.get(part, "") for part in ("partition", "sort")}
            cursor = request.args.get("cursor", "")
            return self._from_aws(lambda: tables.page(_known(name, project), cursor, self._aws, **wanted))

        @app.get("/_local/tables/<name>/export.json")
        def export(name: str) -> Response:
            def parts() -> Iterator[str]:
                try:
                    yield from tables.export(name, self._aws)
                finally:
                    self._aws.close()

            _known(name, project)
            response = Response(parts(), mimetype="application/json")
            response.headers["Content-Disposition"] = f'attachment; filename="{name}.json"'
            return response

    def _add_items(self, app: Flask, project: Project) -> None:
        @app.get("/_local/tables/<name>/item.json")
        def item(name: str) -> Response:
            try:
                key = json.loads(request.args.get("key", ""))
            except (ValueError, RecursionError):
                abort(HTTPStatus.BAD_REQUEST)
            return self._from_aws(
                lambda: tables.find(_known(name, project), key, self._aws) or abort(HTTPStatus.NOT_FOUND)
            )

        @app.put("/_local/tables/<name>/item.json")
        def change(name: str) -> Response:
            before, after = _sent("before"), _sent("after")
            return self._from_aws(lambda: tables.change(_known(name, project), before, after, self._aws))

        @app.delete("/_local/tables/<name>/item.json")
        def delete(name: str) -> Response:
            before = _sent("before")
            return self._from_aws(lambda: tables.delete(_known(name, project), before, self._aws))

    def _email(self, email_id: str) -> dict[str, Any]:
        return self._inbox.find(email_id) or abort(HTTPStatus.NOT_FOUND)

    def _from_aws(self, query: Callable[[], Any]) -> Response:
        try:
            return _json(query())
        except tables.CursorError:
            abort(HTTPStatus.BAD_REQUEST)
        except tables.ItemError as problem:
            return _problem(HTTPStatus.BAD_REQUEST, str(problem))
        except tables.ChangedError:
            return _problem(HTTPStatus.CONFLICT, _CHANGED)
        except AwsError as problem:
            if problem.code in {"ValidationException", "SerializationException"}:
                return _problem(HTTPStatus.BAD_REQUEST, problem.message)
            abort(HTTPStatus.SERVICE_UNAVAILABLE)
        except MiniStackGoneError:
            abort(HTTPStatus.SERVICE_UNAVAILABLE)
        finally:
            # Otherwise every thread that serves the page keeps a connection to MiniStack open.
            self._aws.close()


def _add_files(app: Flask) -> None:
    @app.get("/_local/", defaults={"name": "index.html"})
    @app.get("/_local/<name>")
    def file(name: str) -> Response:
        path = _WEB / name
        if path not in _WEB.iterdir():
            abort(HTTPStatus.NOT_FOUND)
        return Response(path.read_text(encoding="utf-8"), mimetype=_KINDS[path.suffix])


def _known(table: str, project: Project) -> str:
    return table if table in project.tables else abort(HTTPStatus.NOT_FOUND)


def _sent(name: str) -> Any:
    """Return a field of the request's body, a JSON object."""
    body = request.get_json(silent=True)
    return body[name] if isinstance(body, dict) and name in body else abort(HTTPStatus.BAD_REQUEST)


def _problem(status: HTTPStatus, message: str) -> Response:
    response = _json({"message": message})
    response.status_code = status
    return response


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
