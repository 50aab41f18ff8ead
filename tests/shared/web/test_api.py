"""`Api`, which turns an event into a call of an operation and its result into a response, on made-up paths."""

import pytest

from shared.values.client import Client
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.inputs import Body, Query
from shared.web.responses import Data, Response, Versioned
from tests.support.api import Api as SignedIn
from tests.support.api import event

pytestmark = pytest.mark.usefixtures("fake_aws")


class Form(Body):
    first_name: str
    times: int = 1


class Filter(Query):
    page_size: int = 10


def test_caller_is_authenticated_before_the_input_is_read() -> None:
    api = Api("/made/up")

    @api.post
    def create(form: Form, caller: Caller) -> Response:
        return Data([form.first_name, caller.id])

    response = api.handler(event("POST", "/made/up", "not json", {"content-type": "text/plain"}), None)
    assert response["statusCode"] == 401
    assert create is not None


def test_operation_receives_parameters_by_their_types(ada: SignedIn) -> None:
    api = Api("/made/{thingId}/up")

    @api.put
    def replace(thing_id: str, form: Form, caller: Caller, which: Filter, client: Client) -> Response:
        return Data([thing_id, form.first_name, form.times, which.page_size, client.ip, caller.id])

    headers = {"authorization": f"Bearer {ada.token}", "content-type": "application/json"}
    request = event("PUT", "/made/7/up?pageSize=5", '{"firstName": "Ada"}', headers)
    response = api.handler(request | {"pathParameters": {"thingId": "7"}}, None)
    me = ada.get("/api/auth/me").json["data"]["user"]["id"]
    assert response["body"] == f'{{"success":true,"data":["7","Ada",1,5,"192.0.2.1","{me}"]}}'
    assert replace is not None


def test_allow_header_lists_verbs_in_order_of_declaration() -> None:
    api = Api("/made/up")
    for declare in (api.delete, api.get, api.patch):
        declare(lambda: Data(None))
    assert api.methods == ["DELETE", "GET", "PATCH"]
    response = api.handler(event("POST", "/made/up", None, {}), None)
    assert response["headers"]["Allow"] == "DELETE, GET, PATCH"


def test_parameter_without_a_type_raises_at_declaration() -> None:
    api = Api("/made/up")

    def operation(something) -> Response:  # type: ignore[no-untyped-def]  # noqa: ANN001
        return Data(something)

    with pytest.raises(TypeError, match="operation has a parameter without a type"):
        api.get(operation)


def test_parameter_that_cannot_be_read_raises_at_declaration() -> None:
    api = Api("/made/{thingId}/up")
    with pytest.raises(TypeError, match=r"^/made/\{thingId\}/up: the parameter thing is neither a part of the path"):

        @api.get
        def read(thing: str) -> Response:
            return Data(thing)


def test_response_text_is_not_escaped() -> None:
    api = Api("/made/up")

    @api.get
    def read() -> Response:
        return Versioned({"name": "Ådä 👩🏽\u200d💻"}, 1)

    response = api.handler(event("GET", "/made/up", None, {}), None)
    assert response["body"] == '{"success":true,"data":{"name":"Ådä 👩🏽\u200d💻"}}'
    assert response["headers"]["ETag"] == '"1"'
    assert read is not None
