"""The cookie that ties a sign-in with a provider to the browser that began it.

It is bound to our host alone by its prefix `__Host-` (RFC 6265bis, 4.1.3.2). The browser sends it when it comes back
from the provider, because it follows a link (`SameSite=Lax`); with a form, it does so only after `SameSite=None`. Over
plain HTTP, on the local runner, there is neither prefix nor `Secure`, which Safari would not keep.
"""

from typing import ClassVar, Self

from shared.core.config import settings
from shared.core.errors import ErrorTypes
from shared.records.flows import FLOW_LIFETIME
from shared.web.request import Request


class Browser:
    """The browser, by the secret that it has from the latest flow with this provider; empty if there was none."""

    input_errors: ClassVar[ErrorTypes] = ()

    def __init__(self, secret: str) -> None:
        self.secret = secret

    @classmethod
    def from_request(cls, request: Request) -> Self:
        """Read the cookie."""
        return cls(request.cookie(_name(request.path_parameters.get("provider", ""))))


def cookie(provider_id: str, secret: str, *, posts_answer: bool) -> str:
    """Return the text of `Set-Cookie` for a flow that has just begun."""
    parts = [f"{_name(provider_id)}={secret}", "Path=/", f"Max-Age={FLOW_LIFETIME}", "HttpOnly"]
    if _is_secure():
        parts += ["Secure", "SameSite=None" if posts_answer else "SameSite=Lax"]
    elif not posts_answer:
        parts += ["SameSite=Lax"]
    return "; ".join(parts)


def _name(provider_id: str) -> str:
    return f"{'__Host-' if _is_secure() else ''}oauth-{provider_id}"


def _is_secure() -> bool:
    return settings().token_issuer.startswith("https://")
