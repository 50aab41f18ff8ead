"""Who someone is at a provider: the code flow of OpenID Connect and, for GitHub, of OAuth 2.0; and id tokens of apps.

`shared.accounts.openid` verifies id tokens. `Claims` has the same meaning for every provider: an address in it is one
that the provider has verified.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote_plus, urlencode

import jwt

from shared.accounts import openid
from shared.accounts.openid import Metadata
from shared.core import clock
from shared.core.errors import InvalidIdToken, Unavailable
from shared.records.flows import Flow
from shared.records.providers import Provider
from shared.values import emails
from shared.values.types import one_line

_MAX_SUBJECT_LENGTH = 255
_MAX_NAME_LENGTH = 100
_MAX_ERROR_LENGTH = 64
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_APPLE_SECRET_LIFETIME = 5 * clock.MINUTE
# Errors that do not concern the code (RFC 6749, 5.2; GitHub): our settings are wrong, or the provider fails.
_NOT_THE_CODES_FAULT = frozenset(
    {
        "invalid_client",
        "unauthorized_client",
        "unsupported_grant_type",
        "incorrect_client_credentials",
        "redirect_uri_mismatch",
        "server_error",
        "temporarily_unavailable",
    }
)
_GITHUB = Metadata(
    authorization_endpoint="https://github.com/login/oauth/authorize",
    token_endpoint="https://github.com/login/oauth/access_token",  # noqa: S106  # an address
    secret_in_form=True,
)
_GITHUB_API = "https://api.github.com"


class Claims(NamedTuple):
    """Who someone is. `email` is an address that the provider has verified, as it is displayed, or empty."""

    issuer: str
    subject: str
    email: str
    name: str


def metadata_of(provider: Provider) -> Metadata:
    """Return what is known about a provider's endpoints.

    Raises:
        Unavailable: the provider does not answer, or not as it should.

    """
    return _GITHUB if provider.is_github else openid.metadata_of(provider)


def authorization_url(provider: Provider, flow: Flow, *, state: str, redirect_uri: str) -> str:
    """Return where a browser goes to sign in at the provider.

    Raises:
        Unavailable: the provider does not answer, or not as it should.

    """
    endpoint = metadata_of(provider).authorization_endpoint
    parameters = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri,
        "scope": provider.scope,
        "state": state,
        "code_challenge": flow.provider_challenge,
        "code_challenge_method": "S256",
    }
    if not provider.is_github:
        parameters["nonce"] = flow.nonce
    if provider.posts_answer:
        parameters["response_mode"] = "form_post"
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"


# From a code to claims -----------------------------------------------------------------------------


def from_code(provider: Provider, code: str, flow: Flow, *, redirect_uri: str, name: str = "") -> Claims:
    """Exchange the code of a flow, and return who has signed in. `name` is what came with the code.

    Raises:
        InvalidIdToken: the id token is invalid, or the provider has refused the code.
        Unavailable: the provider does not answer, or not as it should.

    """
    answer = _exchange(provider, code, flow, redirect_uri)
    access_token = answer.get("access_token")
    if provider.is_github:
        return _of_github(provider, access_token)
    id_token = answer.get("id_token")
    if not isinstance(id_token, str):
        raise Unavailable(f"{provider.id} has returned no id token")
    found = dict(openid.verified(provider, id_token, client_ids=[provider.client_id], nonces=[flow.nonce]))
    endpoint = metadata_of(provider).userinfo_endpoint
    if "email" not in found and endpoint and isinstance(access_token, str):
        more = openid.get_object(provider, endpoint, token=access_token)
        # Otherwise it may be about someone else (OpenID Connect Core, 5.3.2).
        if more.get("sub") != found["sub"]:
            raise InvalidIdToken
        # All that is said about the address comes from one place.
        found |= {claim: more.get(claim) for claim in ("email", provider.verified)}
        found.setdefault("name", more.get("name"))
    return _claims(provider, found, name=name)


def from_id_token(provider: Provider, id_token: str, nonce: str) -> Claims:
    """Verify the id token that an app has got from the provider, and return what it says.

    The nonce in it is ours, or its SHA-256 in hexadecimal, which is what apps pass on to Apple and Google.

    Raises:
        InvalidIdToken: it is invalid.
        Unavailable: the provider does not answer, or not as it should.

    """
    hashed = hashlib.sha256(nonce.encode()).hexdigest()
    return _claims(
        provider, openid.verified(provider, id_token, client_ids=provider.client_ids, nonces=[nonce, hashed])
    )


def _exchange(provider: Provider, code: str, flow: Flow, redirect_uri: str) -> Mapping[str, Any]:
    metadata = metadata_of(provider)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "client_id": provider.client_id,
        "code_verifier": flow.provider_verifier,
    }
    headers = dict(_FORM)
    secret = _apple_secret(provider) if provider.apple_key is not None else provider.client_secret
    if secret and (metadata.secret_in_form or provider.apple_key is not None):
        form["client_secret"] = secret
    elif secret:
        pair = f"{quote_plus(provider.client_id)}:{quote_plus(secret)}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    answer = openid.service(provider).at(metadata.token_endpoint).post(body=urlencode(form), headers=headers)
    found = answer.json()
    if not isinstance(found, dict):
        raise Unavailable(f"{provider.id} has not answered with an object")
    # Any other error is about the code, which the browser has brought. GitHub answers 200 to both.
    error = found.get("error")
    if isinstance(error, str) and error not in _NOT_THE_CODES_FAULT:
        raise InvalidIdToken
    if answer.status != HTTPStatus.OK or error is not None:
        reason = error if isinstance(error, str) and error.isascii() and len(error) < _MAX_ERROR_LENGTH else "unknown"
        raise Unavailable(f"{provider.id} has refused the exchange: status {answer.status}, {reason}")
    return found


def _apple_secret(provider: Provider) -> str:
    if provider.apple_key is None:
        raise TypeError("only Apple's client secret is signed")
    claims = {
        "iss": provider.apple_key.team_id,
        "sub": provider.client_id,
        "aud": provider.issuer,
        "iat": clock.now(),
        "exp": clock.now() + _APPLE_SECRET_LIFETIME,
    }
    try:
        return jwt.encode(claims, provider.apple_key.private_key, "ES256", {"kid": provider.apple_key.key_id})
    except (ValueError, TypeError, jwt.PyJWTError):
        # Not the cause: it may show the key.
        raise Unavailable("the private key for Apple is not an EC key in PEM") from None


def _claims(provider: Provider, found: Mapping[str, Any], *, name: str = "") -> Claims:
    subject = found.get(provider.subject)
    # Up to 255 characters of ASCII (OpenID Connect Core, 2).
    if not isinstance(subject, str) or not subject.isascii() or not 0 < len(subject) <= _MAX_SUBJECT_LENGTH:
        raise InvalidIdToken
    # Apple writes it as a text, and Microsoft as a number.
    is_verified = found.get(provider.verified) in (True, 1, "true", "1")
    email = _address(found.get("email")) if is_verified else ""
    return Claims(provider.issuer, subject, email, _name(found.get("name")) or _name(name))


# GitHub --------------------------------------------------------------------------------------------


def _of_github(provider: Provider, access_token: object) -> Claims:
    """Ask GitHub's API who has signed in, since it has no id tokens (GitHub REST API, users and emails)."""
    if not isinstance(access_token, str):
        raise Unavailable(f"{provider.id} has returned no access token")
    user = openid.get_object(provider, f"{_GITHUB_API}/user", token=access_token)
    # A number that never changes, unlike the login.
    if not isinstance(user.get("id"), int):
        raise Unavailable(f"{provider.id} has returned no user")
    addresses = openid.get_json(provider, f"{_GITHUB_API}/user/emails", token=access_token)
    primary = next(
        (
            each.get("email")
            for each in (addresses if isinstance(addresses, list) else [])
            if isinstance(each, dict) and each.get("primary") is True and each.get("verified") is True
        ),
        None,
    )
    name = _name(user.get("name")) or _name(user.get("login"))
    return Claims(provider.issuer, str(user["id"]), _address(primary), name)


def _address(value: object) -> str:
    """Return an address as it is displayed, or "" if it is none. What follows compares only this form."""
    try:
        return emails.parse(value) if isinstance(value, str) else ""
    except ValueError:
        return ""


def _name(value: object) -> str:
    """Return a name that may be shown, or "" if it is none."""
    try:
        return one_line(value[:_MAX_NAME_LENGTH])[:_MAX_NAME_LENGTH] if isinstance(value, str) else ""
    except ValueError:
        return ""


def name_from_apple(text: str) -> str:
    """Return the name in the form field `user`, which Apple sends once, at the first sign-in. Nothing proves it."""
    try:
        name = json.loads(text)["name"]
        return " ".join(str(name[part]) for part in ("firstName", "lastName") if name.get(part))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
