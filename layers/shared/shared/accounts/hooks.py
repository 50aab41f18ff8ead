"""Hooks: what a project adds to the rules of sign-up, to access tokens, and to requests that cause emails.

Edit these functions; nothing else of the layer has to change. Each says when it runs, and what it must not do. A hook
runs in the middle of a request, so it should take milliseconds. Every function that calls it needs the right to read
what it reads from AWS. CONTRIBUTING.md has an example, "Add your own rules".
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared.core.errors import ErrorTypes

if TYPE_CHECKING:
    from shared.records.sessions import Session
    from shared.values.client import Client

# The errors that `before_registration` and `before_mail_to_stranger` raise, for docs/openapi.json.
REGISTRATION_ERRORS: ErrorTypes = ()
MAIL_ERRORS: ErrorTypes = ()


def before_registration(address: str, *, is_change: bool) -> None:
    """Decide whether an address may register, after the parameters have allowed it.

    Runs before a registration is stored, and again before its account is opened, in every way to open one: inside the
    decision, which is repeated if stored data changes meanwhile. With `is_change`, an account changes its address to
    this one: before the email is requested, and before the change is written. It does not run for invitations.

    To refuse, raise a subclass of `Forbidden`. A request to sign in by email is then answered as usual, and opens no
    account.

    It must not depend on whether the address has an account, or the response would reveal it, and must not write
    anything: it may run several times, and what follows it may fail.
    """


def claims(session: "Session") -> Mapping[str, Any]:
    """Return claims to add to an access token of this session.

    Runs for each access token: at sign-in, and at each refresh. It must be fast, and must return JSON. A token that
    gets longer than 4,096 characters, or a claim that the token already has, fails the request with a 500. The claims
    can be read by everyone who holds the token, and they are up to an hour old: decide about access by the session.
    """
    del session
    return {}


def before_mail_to_stranger(captcha_token: str | None, client: "Client") -> None:
    """Decide whether a request without a sign-in may cause an email, such as by verifying a captcha.

    Runs before anything is written, and after the rate limit of the client: on register, forgot-password, login/email
    and every form, such as contact. `captcha_token` is the field `captchaToken` of the body.

    To refuse, raise a subclass of `Forbidden`. It gets no address, so that it cannot reveal whether one has an account.
    If the service that it asks is unreachable, let the request pass, and count that with `metrics.count`, so that the
    alarm `UncheckedRequests` reports it: otherwise an outage there locks out everyone who has forgotten a password.
    """
