"""/api/auth/oauth/{provider}/callback: where a provider sends the browser back, with a link or with a form."""

from __future__ import annotations

from typing import Annotated, ClassVar
from urllib.parse import parse_qsl

from shared.accounts import provider_flow
from shared.accounts.provider_flow import Answer
from shared.core.errors import Error, ErrorTypes, InvalidInput
from shared.records import limits
from shared.values.client import Client
from shared.values.types import Rule
from shared.web.api import Api
from shared.web.browser import Browser
from shared.web.inputs import Body, Query
from shared.web.request import MethodNotAllowed, Request
from shared.web.responses import InternalError, Response, SeeOther, failure

_URLENCODED = "application/x-www-form-urlencoded"
_MAX_FIELDS = 20
# A longer one would only burden the provider.
Part = Annotated[str, Rule(max_length=4096)]


def _failed(request: Request, error: Exception) -> Response:
    """Send the browser to the front end with the code of an error."""
    if isinstance(error, MethodNotAllowed):
        return failure(error, request.id)
    code = error.code if isinstance(error, Error) else InternalError.code
    return SeeOther(provider_flow.landing(error=code))


api = Api("/api/auth/oauth/{provider}/callback", mostly="GET", deadline=12, failed=_failed, redirects_errors=True)
handler = api.handler


class InAddress(Query):
    """The answer in the address of the page (RFC 6749, 4.1.2; RFC 9207)."""

    state: Part = ""
    code: Part = ""
    error: Part = ""
    iss: Part | None = None

    # The browser is sent to the front end after every error.
    input_errors: ClassVar[ErrorTypes] = ()


class InForm(Body, example={"state": "1Yp0mZ", "code": "c0de"}):
    """The answer in a form (OAuth 2.0 Form Post Response Mode). `user` is Apple's."""

    state: Part = ""
    code: Part = ""
    error: Part = ""
    iss: Part | None = None
    user: Part = ""

    input_errors: ClassVar[ErrorTypes] = ()
    media_types: ClassVar = (_URLENCODED,)

    @classmethod
    def from_request(cls, request: Request) -> InForm:
        """Read the form.

        Raises:
            InvalidInput: it is malformed.

        """
        try:
            pairs = parse_qsl(request.body.decode(), errors="strict", max_num_fields=_MAX_FIELDS)
        except ValueError as error:
            raise InvalidInput("The form cannot be read") from error
        return cls._from_text(dict(pairs))


@api.get(limit=limits.PROVIDERS)
def return_from_provider(provider: str, query: InAddress, browser: Browser, client: Client) -> SeeOther:
    """Send the browser to the front end, with a code for /api/auth/oauth/token or with an error."""
    return SeeOther(provider_flow.finish(provider, Answer(**vars(query)), client, browser=browser.secret))


@api.post(limit=limits.PROVIDERS)
def return_from_provider_with_form(provider: str, body: InForm, browser: Browser, client: Client) -> SeeOther:
    """Send the browser to the front end, after a provider that answers with a form."""
    return SeeOther(provider_flow.finish(provider, Answer(**vars(body)), client, browser=browser.secret))
