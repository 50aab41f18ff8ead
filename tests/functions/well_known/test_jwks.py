"""/.well-known/jwks.json."""

import base64

import jwt
import pytest
import time_machine

from tests.support import ISSUER
from tests.support.api import Api
from tests.support.aws import KEY_VERSION, rotate

SECOND = "00000000-0000-4000-8000-00000000000b"


def test_public_key_has_the_format_of_rfc_7517_and_no_private_part(api: Api) -> None:
    reply = api.get("/.well-known/jwks.json")
    assert reply.status == 200
    (key,) = reply.json["keys"]
    assert {**key, "x": "", "y": ""} == {
        "kty": "EC",
        "crv": "P-256",
        "x": "",
        "y": "",
        "kid": KEY_VERSION,
        "use": "sig",
        "alg": "ES256",
    }
    assert all(len(base64.urlsafe_b64decode(key[part] + "=")) == 32 for part in "xy")


def test_response_is_cacheable_for_five_minutes(api: Api) -> None:
    assert api.get("/.well-known/jwks.json").headers["cache-control"] == "public, max-age=300"


def test_published_key_verifies_issued_tokens(ada: Api) -> None:
    keys = jwt.PyJWKSet.from_dict(Api().get("/.well-known/jwks.json").json)
    key = keys[jwt.get_unverified_header(ada.token)["kid"]]
    claims = jwt.decode(ada.token, key, ["ES256"], audience="lambda-api-routes", issuer=ISSUER)
    assert claims["email"] == "ada@example.com"


def test_replaced_key_is_published_until_its_last_token_expires(api: Api) -> None:
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        rotate(SECOND)
        published = [key["kid"] for key in api.get("/.well-known/jwks.json").json["keys"]]
        assert published == [KEY_VERSION, SECOND]
        clock.shift(2 * 3600 + 600)
        assert len(api.get("/.well-known/jwks.json").json["keys"]) == 2
        clock.shift(301)
        assert [key["kid"] for key in api.get("/.well-known/jwks.json").json["keys"]] == [SECOND]


@pytest.mark.parametrize("query", ["?x=1", "?"])
def test_query_string_is_ignored(api: Api, query: str) -> None:
    assert api.get(f"/.well-known/jwks.json{query}").status == 200
