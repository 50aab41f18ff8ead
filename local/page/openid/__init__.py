"""The local OpenID provider at /_local/openid/ (`local.openid`): its page, and what functions call.

Threats. A stranger's page sends the browser here, to get a code: nothing happens until the developer presses a button,
the page cannot be framed, and the code goes to this API only. It calls the token endpoint: that takes the secret of the
client, which is new at each start, and nothing that a browser sends (see `local.page.guard`).
"""

import json
import secrets
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit

from flask import Flask, Response, abort, redirect, render_template_string, request

from local.openid import PATH, TOKEN_LIFETIME, USERS, LocalProvider, User

TOKEN_PATH = f"{PATH}/token"
_TEMPLATE = Path(__file__).with_name("authorize.html").read_text(encoding="utf-8")
# What the form passes on.
_PARAMETERS = (
    "client_id",
    "redirect_uri",
    "response_type",
    "code_challenge",
    "code_challenge_method",
    "state",
    "nonce",
)


def add_to(app: Flask, provider: LocalProvider, front_end: str) -> None:
    """Add the provider to the application of the API, whose browsers go on to this front end."""
    policy = _policy(front_end)

    @app.get(f"{PATH}/.well-known/openid-configuration")
    def openid_metadata() -> Response:
        return _json(provider.metadata)

    @app.get(f"{PATH}/jwks")
    def openid_keys() -> Response:
        return _json({"keys": [provider.public_key]})

    @app.get(f"{PATH}/authorize")
    def openid_form() -> Response:
        given = _checked(provider, request.args)
        page = render_template_string(_TEMPLATE, path=f"{PATH}/authorize", given=given, users=USERS)
        return Response(page, headers={"Content-Security-Policy": policy})

    @app.post(f"{PATH}/authorize")
    def openid_answer() -> Response:
        given = _checked(provider, request.form)
        is_cancelled = "cancel" in request.form
        outcome = {"error": "access_denied"} if is_cancelled else {"code": provider.code_for(_user(), given)}
        query = urlencode({**outcome, "state": given["state"], "iss": provider.issuer})
        return redirect(f"{provider.callback}?{query}", HTTPStatus.SEE_OTHER)  # type: ignore[return-value]

    @app.post(TOKEN_PATH)
    def openid_token() -> Response:
        given = request.authorization
        # Quoted (RFC 6749, 2.3.1).
        pair = [unquote_plus((given and given.parameters.get(name)) or "") for name in ("username", "password")]
        if not provider.is_client(*pair):
            return _json({"error": "invalid_client"}, HTTPStatus.UNAUTHORIZED)
        id_token = provider.redeem(request.form)
        if id_token is None:
            return _json({"error": "invalid_grant"}, HTTPStatus.BAD_REQUEST)
        access = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": TOKEN_LIFETIME}
        return _json({**access, "id_token": id_token})


def _policy(front_end: str) -> str:
    # A form's policy applies to the redirects that follow it, too: here, to the API and to the front end.
    parts = urlsplit(front_end)
    actions = f"'self' {parts.scheme}://{parts.netloc}" if parts.netloc else "'self'"
    return f"default-src 'none'; style-src 'self'; form-action {actions}; frame-ancestors 'none'; base-uri 'none'"


def _checked(provider: LocalProvider, values: Any) -> dict[str, str]:
    """Return the parameters. Ends the request unless this API has sent the browser."""
    given = {name: values.get(name, "") for name in _PARAMETERS}
    if wrong := provider.wrong_parameter(given):
        text = f"The local provider does not accept this {wrong}. It returns to {provider.callback} only.\n"
        abort(Response(text, HTTPStatus.BAD_REQUEST, mimetype="text/plain"))
    return given


def _user() -> User:
    """Return who the form says to be: one of the list, or anyone."""
    form = request.form
    if form.get("user") in USERS:
        return USERS[form["user"]]
    email = form.get("email", "").strip() or abort(HTTPStatus.BAD_REQUEST)
    return User(email, form.get("name", "").strip(), is_verified="verified" in form)


def _json(value: Any, status: int = HTTPStatus.OK) -> Response:
    return Response(json.dumps(value), status, mimetype="application/json")
