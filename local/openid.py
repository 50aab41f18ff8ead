"""An OpenID provider on this machine: the sign-in with a provider works without an account anywhere.

`local.page.openid` serves it. Its users are those that a form names, so it proves nothing. Only this runner's API is
its client: functions call it over loopback, as `core.outbound` allows on a developer's machine.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import threading
import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

PATH = "/_local/openid"
PROVIDER_ID = "local"
# The secret of the template that has the settings of providers.
SECRET = "ProviderSecret"  # noqa: S105  # a name
_CLIENT_ID = "local-api"
_CHALLENGE = re.compile(r"[\w-]{43}", re.ASCII)
# Seconds.
_CODE_LIFETIME, TOKEN_LIFETIME = 60, 300


class User(NamedTuple):
    """Who signs in."""

    email: str
    name: str
    is_verified: bool = True

    @property
    def subject(self) -> str:
        """The id, which is the same for an address after a restart."""
        return hashlib.sha256(self.email.lower().encode()).hexdigest()[:32]


# For one click, by the value of their buttons.
USERS: Mapping[str, User] = {
    "ada": User("ada@example.com", "Ada Lovelace"),
    "grace": User("grace@example.com", "Grace Hopper"),
    "edsger": User("edsger@example.com", "Edsger Dijkstra", is_verified=False),
}


class _Grant(NamedTuple):
    """What a code stands for, until this time (`time.monotonic`)."""

    user: User
    challenge: str
    nonce: str
    until: float


class LocalProvider:
    """The provider of the API at this address. Thread-safe."""

    def __init__(self, address: str) -> None:
        self.issuer = f"{address}{PATH}"
        self.callback = f"{address}/api/auth/oauth/{PROVIDER_ID}/callback"
        self._client_secret = secrets.token_urlsafe(32)
        self._grants: dict[str, _Grant] = {}
        self._lock = threading.Lock()

    @property
    def settings(self) -> Mapping[str, str]:
        """The secret that configures the API for this provider."""
        client = {"clientId": _CLIENT_ID, "clientSecret": self._client_secret}
        return {SECRET: json.dumps({PROVIDER_ID: {"name": "Local provider", "issuer": self.issuer, **client}})}

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What it publishes about itself (OpenID Connect Discovery 1.0, 3)."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def wrong_parameter(self, given: Mapping[str, str]) -> str:
        """Return the name of a parameter of the browser that this API has not sent so, or "" if all are right."""
        expected = {
            "client_id": _CLIENT_ID,
            "redirect_uri": self.callback,
            "response_type": "code",
            "code_challenge_method": "S256",
        }
        wrong = [name for name, value in expected.items() if given[name] != value]
        if not _CHALLENGE.fullmatch(given["code_challenge"]):
            wrong.append("code_challenge")
        return wrong[0] if wrong else ""

    def code_for(self, user: User, given: Mapping[str, str]) -> str:
        """Return a code for this user, valid once, for a minute."""
        code, now = secrets.token_urlsafe(32), time.monotonic()
        grant = _Grant(user, given["code_challenge"], given["nonce"], now + _CODE_LIFETIME)
        with self._lock:
            self._grants = {key: kept for key, kept in self._grants.items() if kept.until > now} | {code: grant}
        return code

    def is_client(self, client_id: str, secret: str) -> bool:
        """Return whether these are the id and the secret of the API."""
        return hmac.compare_digest(f"{client_id}:{secret}".encode(), f"{_CLIENT_ID}:{self._client_secret}".encode())

    def redeem(self, form: Mapping[str, str]) -> str | None:
        """Use a code, whatever else is wrong, and return the id token. None unless all is right."""
        with self._lock:
            grant = self._grants.pop(form.get("code", ""), None)
        if grant is None or grant.until <= time.monotonic():
            return None
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        is_right = (
            form.get("grant_type") == "authorization_code"
            and form.get("redirect_uri") == self.callback
            and base64.urlsafe_b64encode(digest).decode().rstrip("=") == grant.challenge
        )
        return self._id_token(grant) if is_right else None

    # The libraries are imported with the first token: a start does not wait for them.

    @property
    def public_key(self) -> Mapping[str, str]:
        """The key that verifies the tokens, as a JWK."""
        from jwt.algorithms import ECAlgorithm  # noqa: PLC0415

        key_id, key = self._key
        return {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": key_id, "use": "sig", "alg": "ES256"}

    @property
    def _key(self) -> tuple[str, Any]:
        with self._lock:
            return self._new_key

    @cached_property
    def _new_key(self) -> tuple[str, Any]:
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

        return secrets.token_hex(8), ec.generate_private_key(ec.SECP256R1())

    def _id_token(self, grant: _Grant) -> str:
        import jwt  # noqa: PLC0415

        now, user = int(time.time()), grant.user
        claims = {
            "iss": self.issuer,
            "sub": user.subject,
            "aud": _CLIENT_ID,
            "iat": now,
            "exp": now + TOKEN_LIFETIME,
            "nonce": grant.nonce,
            "email": user.email,
            "email_verified": user.is_verified,
            "name": user.name,
        }
        key_id, key = self._key
        return jwt.encode(claims, key, "ES256", {"kid": key_id})
