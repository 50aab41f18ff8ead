"""The providers that users sign in with: Google, Microsoft, Apple, GitHub and any other OpenID provider.

What we enter at each provider is in one secret, as JSON, an object for each:

    {
      "google": {"clientId": "…", "clientSecret": "…", "nativeClientIds": ["…"]},
      "microsoft": {"tenant": "00000000-0000-0000-0000-000000000000", "clientId": "…", "clientSecret": "…"},
      "apple": {"clientId": "…", "teamId": "…", "keyId": "…", "privateKey": "-----BEGIN PRIVATE KEY-----…"},
      "github": {"clientId": "…", "clientSecret": "…"},
      "acme": {"name": "Acme", "issuer": "https://login.acme.example", "clientId": "…", "clientSecret": "…"}
    }

A secret without a value configures none. One provider with an error keeps no other from working: it is left out, and
the log says why. docs/providers.md says what to enter where.

Threats. An identity is an issuer and a subject, so two providers must not claim the same issuer: what a provider is
known for is fixed here, and Microsoft's issuer is one tenant's. A tenant decides what its tokens say, so an address in
them is not verified, unless `xms_edov` says so.
"""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from shared.core import clock, logs
from shared.core.config import variable
from shared.core.errors import ProviderNotFound
from shared.records import secret_versions

GITHUB = "https://github.com"
_CACHE_LIFETIME = 5 * clock.MINUTE
_ID = re.compile("[a-z0-9][a-z0-9-]{0,30}")
_TENANT = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# `/api/auth/oauth/token` is our own, so no provider may have this id.
_RESERVED = frozenset({"token"})


class AppleKey(NamedTuple):
    """What signs the client secret for Apple, which has no other (Apple, "Creating a client secret")."""

    team_id: str
    key_id: str
    private_key: str


class Provider(NamedTuple):
    """A configured provider.

    `native_client_ids` are those of apps, whose id tokens are accepted too. `subject` and `verified` are the names of
    the claims that identify the user, and that say that the address is verified. With `posts_answer`, the browser
    brings the answer in a form. `client_secret` is empty for a client without one, and for Apple.
    """

    id: str
    name: str
    issuer: str
    client_id: str
    client_secret: str = ""
    apple_key: AppleKey | None = None
    native_client_ids: tuple[str, ...] = ()
    scope: str = "openid email profile"
    subject: str = "sub"
    verified: str = "email_verified"
    posts_answer: bool = False

    @property
    def client_ids(self) -> list[str]:
        """The clients whose id tokens are accepted."""
        return [self.client_id, *self.native_client_ids]

    @property
    def is_github(self) -> bool:
        """Whether it is GitHub, which has no id tokens."""
        return self.issuer == GITHUB


_KNOWN: Mapping[str, Mapping[str, Any]] = {
    "google": {"name": "Google", "issuer": "https://accounts.google.com"},
    "microsoft": {"name": "Microsoft", "subject": "oid", "verified": "xms_edov"},
    "apple": {
        "name": "Apple",
        "issuer": "https://appleid.apple.com",
        "scope": "name email",
        "posts_answer": True,
    },
    "github": {"name": "GitHub", "issuer": GITHUB, "scope": "read:user user:email"},
}


class _Memory:
    """The providers that this execution environment has cached, and when it read them (seconds since 1970)."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.providers: Mapping[str, Provider] = MappingProxyType({})
        self.read_at = 0


memory = _Memory()


def configured() -> list[Provider]:
    """Return the configured providers, in the order of the secret.

    Raises:
        Unavailable: Secrets Manager is unreachable.

    """
    if memory.read_at + _CACHE_LIFETIME <= clock.now():
        found = secret_versions.read(variable("PROVIDER_SECRET"), VersionStage="AWSCURRENT")
        memory.providers = _parsed(found[1]) if found is not None else {}
        memory.read_at = clock.now()
    return list(memory.providers.values())


def get(provider_id: str) -> Provider:
    """Return a configured provider.

    Raises:
        ProviderNotFound: it is not configured.
        Unavailable: Secrets Manager is unreachable.

    """
    found = next((provider for provider in configured() if provider.id == provider_id), None)
    if found is None:
        raise ProviderNotFound
    return found


def get_with_id_tokens(provider_id: str) -> Provider:
    """Return a configured provider that issues id tokens, which GitHub does not.

    Raises:
        ProviderNotFound: it is not configured, or has none.
        Unavailable: Secrets Manager is unreachable.

    """
    provider = get(provider_id)
    if provider.is_github:
        raise ProviderNotFound
    return provider


def name_of(provider_id: str) -> str:
    """Return the name of a provider, for an email: Google, or Acme Corp for `acme-corp`. Reads no settings."""
    return str(_KNOWN.get(provider_id, {}).get("name", provider_id.replace("-", " ").title()))


def _parsed(text: str) -> dict[str, Provider]:
    try:
        settings = json.loads(text)
        entries = list(settings.items())
    except (ValueError, AttributeError):
        _report("the secret is not a JSON object")
        return {}
    providers: dict[str, Provider] = {}
    for provider_id, values in entries:
        try:
            provider = _provider(provider_id, values)
        except ValueError as error:
            _report(f"{provider_id}: {error}")
            continue
        if any(other.issuer == provider.issuer for other in providers.values()):
            _report(f"{provider_id}: another provider has the same issuer")
            continue
        providers[provider_id] = provider
    return providers


def _provider(provider_id: str, values: Mapping[str, Any]) -> Provider:
    if not _ID.fullmatch(provider_id) or provider_id in _RESERVED:
        raise ValueError("an id has up to 31 lower-case letters, digits and hyphens, and is not `token`")
    if not isinstance(values, dict):
        raise ValueError("the settings are no object")  # noqa: TRY004  # like every other error in the settings
    known = _KNOWN.get(provider_id, {})
    settings: dict[str, Any] = {
        "name": _text(values, "name", default=name_of(provider_id)),
        "scope": _text(values, "scope", default="openid email profile"),
        **known,
    }
    if provider_id == "microsoft":
        # Without one tenant, its issuer differs from user to user, and any tenant could claim any address.
        tenant = _text(values, "tenant")
        if not _TENANT.fullmatch(tenant):
            raise ValueError("tenant is the id of one tenant, a UUID in lower case")
        settings["issuer"] = f"https://login.microsoftonline.com/{tenant}/v2.0"
    elif "issuer" not in known:
        settings["issuer"] = _text(values, "issuer")
    if provider_id == "apple":
        settings["apple_key"] = AppleKey(*(_text(values, name) for name in ("teamId", "keyId", "privateKey")))
    native = values.get("nativeClientIds", [])
    if not (isinstance(native, list) and all(isinstance(each, str) and each for each in native)):
        raise ValueError("nativeClientIds is a list of texts")
    return Provider(
        id=provider_id,
        client_id=_text(values, "clientId"),
        # Only a provider of one's own may know us as a public client.
        client_secret=_text(values, "clientSecret", default=None if known and provider_id != "apple" else ""),
        native_client_ids=tuple(native),
        **settings,
    )


def _text(values: Mapping[str, Any], name: str, *, default: str | None = None) -> str:
    value = values.get(name, default)
    if not isinstance(value, str) or (not value and default is None):
        raise ValueError(f"{name} is missing, or not a text")
    return value


def _report(problem: str) -> None:
    logs.logger.error("provider is not configured", extra={"fields": {"problem": problem}})
