"""/api/auth/oauth/{provider}: begin a sign-in with a provider. A browser opens it as a page."""

from __future__ import annotations

from shared.accounts import provider_flow
from shared.core.errors import NoIssuer, ProviderNotFound
from shared.records import limits
from shared.values.types import CodeChallenge, FrontEndPath
from shared.web.api import Api
from shared.web.browser import Browser, cookie
from shared.web.inputs import Query
from shared.web.responses import SeeOther

api = Api("/api/auth/oauth/{provider}")
handler = api.handler


class Beginning(Query):
    """What the front end needs when the browser returns: its PKCE challenge, and the page to continue at."""

    code_challenge: CodeChallenge
    next: FrontEndPath = "/"


@api.get(limit=limits.PROVIDERS, errors=(ProviderNotFound, NoIssuer))
def begin_provider_sign_in(provider: str, query: Beginning, browser: Browser) -> SeeOther:
    """Send the browser to the provider. It returns to `/auth/callback` of the front end, with a code or an error."""
    departure = provider_flow.begin(
        provider, code_challenge=query.code_challenge, next_path=query.next, browser=browser.secret
    )
    return SeeOther(departure.url, cookie(provider, departure.browser, posts_answer=departure.posts_answer))
