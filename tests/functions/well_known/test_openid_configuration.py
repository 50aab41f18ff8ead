"""/.well-known/openid-configuration."""

import jwt
import pytest

from shared.core import config
from tests.support.api import Api
from tests.support.assertions import assert_error

URL = "/.well-known/openid-configuration"


def test_document_leads_from_the_issuer_of_a_token_to_its_key(ada: Api) -> None:
    reply = Api().get(URL)
    assert reply.status == 200
    assert reply.headers["cache-control"] == "public, max-age=300"
    issuer = reply.json["issuer"]
    keys = jwt.PyJWKSet.from_dict(Api().get(reply.json["jwks_uri"].removeprefix(issuer)).json)
    header = jwt.get_unverified_header(ada.token)
    algorithms = reply.json["id_token_signing_alg_values_supported"]
    claims = jwt.decode(ada.token, keys[header["kid"]], algorithms, audience="lambda-api-routes", issuer=issuer)
    assert claims["email"] == "ada@example.com"


def test_without_an_address_as_issuer_there_is_no_document(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_ISSUER", "lambda-api-routes")
    config.settings.cache_clear()
    assert_error(api.get(URL), 404, "no_issuer")
