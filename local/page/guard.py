"""Which requests /_local/ accepts, and the headers of its responses.

Threats. A stranger's page, open in the developer's browser, sends requests to localhost. It cannot read the responses:
they have no CORS headers, and forbid embedding. It cannot change anything either. A change needs a header that a
browser sends to another origin only after a preflight request, which is never granted; and `Origin` and
`Sec-Fetch-Site`, which no page can forge, must name the page itself. So even a page on another port of localhost, such
as a front end in development, cannot sign in here. With DNS rebinding, a stranger's page has this origin. So the
gateway accepts loopback hosts only.

The forms of `local.page.stand_in` and `local.page.openid` work without scripts, so they cannot send that header, nor
`Origin`, which a page without a referrer sends as `null`. They only reach the API, which anyone can.

The token endpoint of `local.page.openid` is for functions. Browsers add at least one of `Origin` and `Sec-Fetch-Site`
to every POST, and functions neither.

An email that is shown in a tab of its own has no origin (`null`), so it is refused like a stranger's page.
"""

from http import HTTPStatus

from flask import Flask, Response, jsonify, request

from local.gateway.app import is_page
from local.openid import PATH as OPENID_PATH
from local.page import stand_in
from local.page.openid import TOKEN_PATH

# What the page sends with each change.
HEADER = "X-Local-Page"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def add_to(app: Flask) -> None:
    """Guard the URLs of the page in this application."""

    @app.before_request
    def refuse_changes_of_others() -> Response | None:
        if not is_page() or request.method in _READING or _is_own():
            return None
        response: Response = jsonify({"message": "Only the page /_local/ itself may send this request."})
        response.status_code = HTTPStatus.FORBIDDEN
        return response

    @app.after_request
    def add_headers(response: Response) -> Response:
        if is_page():
            response.headers.setdefault("Content-Security-Policy", _POLICY)
            response.headers["Cache-Control"] = "no-store"
            response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _is_own() -> bool:
    if request.path == TOKEN_PATH:
        return not any(name in request.headers for name in ("Origin", "Sec-Fetch-Site"))
    if request.path.startswith((f"{stand_in.PATH}/", f"{OPENID_PATH}/")):
        return _is_form_of_page()
    return _is_from_page()


def _is_from_page() -> bool:
    origin = request.headers.get("Origin", "")
    return (
        HEADER in request.headers
        and origin.lower() == f"http://{request.host}".lower()
        and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    )


def _is_form_of_page() -> bool:
    is_own = request.headers.get("Origin", "null").lower() in {"null", f"http://{request.host}".lower()}
    return is_own and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
