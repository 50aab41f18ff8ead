"""OpenID Connect: what a provider publishes about itself, and whether an id token is valid.

Threats. A provider, or someone between it and us, sends a token that is forged, old, for another client or of another
provider: the signature is verified with the keys that the issuer publishes, with algorithms of a list of ours, and
issuer, audience, authorized party, times and nonce are checked (OpenID Connect Core, 3.1.3.7). A provider hangs, sends
without end or sends us elsewhere: `shared.core.outbound` bounds every call. Someone sends tokens with invented key ids:
each issuer is asked for its keys at most once a minute.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

import jwt

from shared.core import clock, config
from shared.core.errors import InvalidIdToken, Unavailable
from shared.core.outbound import Service
from shared.records.providers import Provider

_ALGORITHMS = ("RS256", "ES256", "PS256", "EdDSA")
# How far the clocks of a provider and ours may differ.
_LEEWAY = clock.MINUTE
_CACHE_LIFETIME = clock.HOUR
# Tokens with invented key ids must not cause a call each.
_LOOKUP_INTERVAL = clock.MINUTE
_MIN_RSA_BITS = 2048
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_URL = re.compile(r"https?://[!-~]{1,2000}")
_MAX_ANSWER = 256 * 1024


class Metadata(NamedTuple):
    """What a provider publishes about itself (OpenID Connect Discovery; RFC 8414)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str = ""
    userinfo_endpoint: str = ""
    algorithms: tuple[str, ...] = ("RS256",)
    # Whether the client secret goes into the form; otherwise into the header (RFC 6749, 2.3.1).
    secret_in_form: bool = False
    # Whether every answer names its issuer (RFC 9207).
    names_issuer: bool = False


@dataclass
class _Known:
    """What this execution environment has cached of an issuer. Times are seconds since 1970."""

    metadata: Metadata | None = None
    metadata_read_at: int = 0
    keys: Sequence[Mapping[str, Any]] = field(default_factory=list)
    keys_read_at: int = 0
    unknown_key_looked_up_at: int = 0


# The cache of each issuer.
memory: dict[str, _Known] = {}


def metadata_of(provider: Provider) -> Metadata:
    """Return what a provider publishes about itself.

    Raises:
        Unavailable: the provider does not answer, or not as it should.

    """
    known = memory.setdefault(provider.issuer, _Known())
    if known.metadata is None or known.metadata_read_at + _CACHE_LIFETIME <= clock.now():
        known.metadata = _discovered(provider)
        known.metadata_read_at = clock.now()
    return known.metadata


def _discovered(provider: Provider) -> Metadata:
    found = get_object(provider, f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    # Otherwise one provider could speak for another (OpenID Connect Discovery, 4.3).
    if found.get("issuer") != provider.issuer:
        raise Unavailable(f"{provider.id} publishes another issuer than the configured one")
    methods = _texts(provider, found, "token_endpoint_auth_methods_supported", default="client_secret_basic")
    offered = _texts(provider, found, "id_token_signing_alg_values_supported", default="RS256")
    endpoints = {name: _endpoint(provider, found, name) for name in _ENDPOINTS}
    return Metadata(
        endpoints["authorization_endpoint"],
        endpoints["token_endpoint"],
        endpoints["jwks_uri"],
        userinfo_endpoint=_endpoint(provider, found, "userinfo_endpoint") if "userinfo_endpoint" in found else "",
        algorithms=tuple(each for each in _ALGORITHMS if each in offered),
        secret_in_form="client_secret_basic" not in methods,
        names_issuer=found.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(provider: Provider, found: Mapping[str, Any], name: str) -> str:
    """Return an endpoint, to which a browser may be sent: a URL over TLS, without anything that ends a header."""
    url = found.get(name)
    if not isinstance(url, str) or not _URL.fullmatch(url):
        raise Unavailable(f"{provider.id} publishes no valid {name}")
    if not url.startswith("https:") and not config.runs_locally():
        raise Unavailable(f"{provider.id} publishes a {name} without TLS")
    return url


def _texts(provider: Provider, found: Mapping[str, Any], name: str, *, default: str) -> list[str]:
    texts = found.get(name, [default])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise Unavailable(f"{provider.id} publishes no valid {name}")
    return texts


# Id tokens ----------------------------------------------------------------------------------------


def verified(
    provider: Provider, id_token: str, *, client_ids: Sequence[str], nonces: Sequence[str]
) -> Mapping[str, Any]:
    """Return the claims of a valid id token for one of these clients, with one of these nonces.

    Raises:
        InvalidIdToken: it is not valid (OpenID Connect Core, 3.1.3.7).
        Unavailable: the provider does not answer, or not as it should.

    """
    metadata = metadata_of(provider)
    try:
        header = jwt.get_unverified_header(id_token)
        algorithm = header.get("alg")
        if algorithm not in metadata.algorithms:
            raise InvalidIdToken
        claims: dict[str, Any] = jwt.decode(
            id_token,
            _key(provider, metadata, header.get("kid"), algorithm),
            [algorithm],
            audience=client_ids,
            issuer=provider.issuer,
            leeway=_LEEWAY,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except jwt.PyJWTError as error:
        raise InvalidIdToken from error
    party, audience = claims.get("azp"), claims["aud"]
    if party is not None and party not in client_ids:
        raise InvalidIdToken
    if party is None and isinstance(audience, list) and len(audience) > 1:
        raise InvalidIdToken
    if claims.get("nonce") not in nonces:
        raise InvalidIdToken
    return claims


def _key(provider: Provider, metadata: Metadata, key_id: object, algorithm: str) -> jwt.PyJWK:
    """Return the published key that has signed a token. An unknown id causes a call, at most once a minute."""
    known, now = memory.setdefault(provider.issuer, _Known()), clock.now()
    if known.keys_read_at + _CACHE_LIFETIME <= now:
        _read_keys(provider, metadata, known)
    found = _matching(known.keys, key_id, algorithm)
    if found is None and known.unknown_key_looked_up_at + _LOOKUP_INTERVAL <= now:
        _read_keys(provider, metadata, known)
        found = _matching(known.keys, key_id, algorithm)
    if found is None:
        raise InvalidIdToken
    key = jwt.PyJWK(dict(found), algorithm)
    if found.get("kty") == "RSA" and key.key.key_size < _MIN_RSA_BITS:
        raise InvalidIdToken
    return key


def _read_keys(provider: Provider, metadata: Metadata, known: _Known) -> None:
    keys = get_object(provider, metadata.jwks_uri).get("keys")
    if not isinstance(keys, list):
        raise Unavailable(f"{provider.id} publishes no keys")
    known.keys = [key for key in keys if isinstance(key, dict)]
    known.keys_read_at = known.unknown_key_looked_up_at = clock.now()


def _matching(keys: Sequence[Mapping[str, Any]], key_id: object, algorithm: str) -> Mapping[str, Any] | None:
    """Return the key with this id that may sign with this algorithm. Without an id, there must be only one."""
    usable = [
        key
        for key in keys
        if key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm and key.get("kty") != "oct"
    ]
    if key_id is None:
        return usable[0] if len(usable) == 1 else None
    return next((key for key in usable if key.get("kid") == key_id), None)


# Calls ---------------------------------------------------------------------------------------------


def service(provider: Provider) -> Service:
    """Return the service of a provider, whose circuit is the same for all of its addresses."""
    return _service(provider.id, provider.issuer)


@cache
def _service(provider_id: str, issuer: str) -> Service:
    return Service(provider_id, issuer, largest=_MAX_ANSWER)


def get_json(provider: Provider, address: str, *, token: str = "") -> Any:  # any JSON
    """Return what a provider answers at an address, with this access token, if there is one.

    Raises:
        Unavailable: it does not answer, or not with JSON.

    """
    headers = {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    answer = service(provider).at(address).get(headers=headers)
    if answer.status != HTTPStatus.OK:
        raise Unavailable(f"{provider.id} has answered with status {answer.status}")
    return answer.json()


def get_object(provider: Provider, address: str, *, token: str = "") -> Mapping[str, Any]:
    """Return the JSON object that a provider answers at a URL. Raises like `get_json`."""
    found = get_json(provider, address, token=token)
    if not isinstance(found, dict):
        raise Unavailable(f"{provider.id} has not answered with an object")
    return found
