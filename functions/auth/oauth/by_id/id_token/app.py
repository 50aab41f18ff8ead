"""/api/auth/oauth/{provider}/id-token: sign in with the id token that an app, or Google's One Tap, has got."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.accounts import challenges, provider_claims, provider_sign_in, sign_up_policy
from shared.core.errors import (
    AccountDisabled,
    AddressReserved,
    EmailUnverified,
    InvalidIdToken,
    InvitationPending,
    LinkRequired,
    MfaRequired,
    ProviderNotFound,
    TooManyIdentities,
)
from shared.records import limits, providers
from shared.values import base64url
from shared.values.client import Client
from shared.values.types import Secret
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Plain

if TYPE_CHECKING:
    from shared.shapes.identities import Nonce
    from shared.shapes.sessions import Tokens

api = Api("/api/auth/oauth/{provider}/id-token", mostly="POST", deadline=12)
handler = api.handler


class IdToken(Body, example={"idToken": "eyJhbGciOiJSUzI1NiJ9.e30.AAAA", "nonce": "1Yp0mZxqQkq0dQf7yJ3tUw6bW8nS"}):
    """An id token, and the nonce that GET has returned. The token contains the nonce or its SHA-256 in hexadecimal."""

    id_token: Secret
    nonce: Secret


@api.get(limit=limits.PROVIDERS, errors=(ProviderNotFound,))
def create_nonce(provider: str) -> Plain[Nonce]:
    """Return a nonce to ask the provider with, valid once, for ten minutes."""
    providers.get_with_id_tokens(provider)
    return Plain({"nonce": base64url.encode(challenges.new("id-token"))})


@api.post(
    limit=limits.SIGN_IN,
    errors=(
        ProviderNotFound,
        InvalidIdToken,
        MfaRequired,
        EmailUnverified,
        AccountDisabled,
        InvitationPending,
        AddressReserved,
        LinkRequired,
        TooManyIdentities,
        *sign_up_policy.ERRORS,
    ),
)
def login_with_id_token(provider: str, body: IdToken, client: Client) -> Plain[Tokens]:
    """Start a session, and return its tokens. If the account has a factor, /api/auth/mfa does."""
    found = providers.get_with_id_tokens(provider)
    try:
        nonce = base64url.decode(body.nonce)
    except ValueError as error:
        raise InvalidIdToken from error
    using = challenges.using(nonce, "id-token", otherwise=InvalidIdToken)
    claims = provider_claims.from_id_token(found, body.id_token, body.nonce)
    return Plain(provider_sign_in.with_claims(claims, found.id, using, client).public())
