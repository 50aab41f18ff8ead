"""A stand-in for the front end, at /_local/front-end/: plain pages for the links in emails.

They are the pages that docs/front-end.md describes, without JavaScript: each form is sent to the runner, which calls
the API over HTTP as a front end's server does. After a sign-in, the page shows whose session it is, and the tokens are
dropped. Only the code verifier of a sign-in with a provider is stored, in a cookie, until the browser returns.
"""

import base64
import hashlib
import http.client
import json
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, Response, abort, redirect, render_template_string, request

from local.page.stand_in.screens import SCREENS, SECOND_STEP, Screen

PATH = "/_local/front-end"
_TEMPLATE = Path(__file__).with_name("screen.html").read_text(encoding="utf-8")
_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_API_SECONDS = 30
_CALLBACK = "auth/callback"
# The cookie with the code verifier, and its lifetime in seconds: that of a link in an email.
_VERIFIER, _VERIFIER_LIFETIME = "stand-in-verifier", 600
_CODE = re.compile("[a-z_]{1,64}")


@dataclass(frozen=True)
class Answer:
    """What the API has answered."""

    status: int
    body: Mapping[str, Any]

    @property
    def is_success(self) -> bool:
        """Whether it has done what was asked."""
        return self.status < HTTPStatus.BAD_REQUEST


def add_to(app: Flask, opens: Callable[[str], str]) -> None:
    """Add the pages to this application, which serves the API too. `opens` returns where a URL of the front end leads.

    Redirects of the API to the front end lead there too, for a browser that opens the next page.
    """

    @app.after_request
    def redirect_browser(response: Response) -> Response:
        if "Location" in response.headers and request.headers.get("Sec-Fetch-Mode") == "navigate":
            response.headers["Location"] = opens(response.headers["Location"])
        return response

    @app.get(f"{PATH}/")
    def start() -> Response:
        return redirect(f"{PATH}/login")  # type: ignore[return-value]

    @app.get(f"{PATH}/with/<provider>")
    def begin(provider: str) -> Response:
        verifier = secrets.token_urlsafe(32)
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = urlencode({"codeChallenge": digest, "next": "/"})
        response = redirect(f"/api/auth/oauth/{quote(provider, safe='')}?{query}", HTTPStatus.SEE_OTHER)
        response.set_cookie(
            _VERIFIER, verifier, max_age=_VERIFIER_LIFETIME, path=f"{PATH}/", httponly=True, samesite="Lax"
        )
        return response  # type: ignore[return-value]

    @app.get(f"{PATH}/{_CALLBACK}")
    def come_back() -> Response:
        # Anyone can write a link to this page, so it shows no text of the link.
        error = request.args.get("error", "")
        if _CODE.fullmatch(error):
            return _page(_CALLBACK, {}, Answer(HTTPStatus.BAD_REQUEST, {"code": error, "message": _told(error)}))
        return _page(
            _CALLBACK, {"code": request.args.get("code", ""), "codeVerifier": request.cookies.get(_VERIFIER, "")}
        )

    @app.get(f"{PATH}/<path:name>")
    def show(name: str) -> Response:
        return _page(name, dict(request.args))

    @app.post(f"{PATH}/<path:name>")
    def send(name: str) -> Response:
        screen, values = _screen(name), dict(request.form)
        if not screen.path:
            abort(HTTPStatus.NOT_FOUND)
        fields = {key: text for key, text in values.items() if key in screen.names and text}
        return _page(name, values, _call(screen.path, fields))


def _told(error: str) -> str:
    if error == "link_required":
        return "The address has an account. The email to it has a link that adds the provider."
    return "The sign-in with the provider has failed: docs/front-end.md says what your page does."


def _screen(name: str) -> Screen:
    return SCREENS.get(name) or abort(HTTPStatus.NOT_FOUND)


def _call(path: str, fields: Mapping[str, str] | None = None) -> Answer:
    """Send a POST with these fields, or a GET."""
    connection = http.client.HTTPConnection("127.0.0.1", int(request.environ["SERVER_PORT"]), timeout=_API_SECONDS)
    with closing(connection):
        if fields is None:
            connection.request("GET", path)
        else:
            connection.request("POST", path, json.dumps(fields), {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read()
    return Answer(response.status, json.loads(text) if text else {})


def _page(name: str, values: Mapping[str, str], answer: Answer | None = None) -> Response:
    screen = _screen(name)
    if answer is not None and "mfa" in answer.body:
        # The first step is done, so this is no fault to show.
        return _page(SECOND_STEP, {"token": answer.body["mfa"]["token"]})
    if answer is not None and answer.is_success and screen.next_name:
        # The next page goes on with what this one has got.
        return _page(screen.next_name, {**values, **answer.body})
    page = render_template_string(
        _TEMPLATE,
        home=PATH,
        name=name,
        screen=screen,
        values=values,
        answer=answer,
        faults={fault["field"]: fault["message"] for fault in (answer.body.get("errors", ()) if answer else ())},
        fields=screen.shown(values, answer.body.get("code", "") if answer else ""),
        providers=_call("/api/auth/providers").body.get("data", []) if name == "login" and answer is None else [],
    )
    headers = {"Content-Security-Policy": _POLICY}
    return Response(page, answer.status if answer and not answer.is_success else HTTPStatus.OK, headers)
