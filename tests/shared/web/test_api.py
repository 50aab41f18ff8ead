"""The seam between events and functions, on paths made up for it."""

import pytest

from shared.values.client import Client
from shared.web.api import Api
from shared.web.caller import Caller
from shared.web.inputs import Body, Query
from shared.web.responses import Response, data
from tests.support.api import Api as SignedIn
from tests.support.api import event

pytestmark = pytest.mark.usefixtures("fake_aws")


class Form(Body):
    first_name: str
    times: int = 1


class Filter(Query):
    page_size: int = 10


def test_who_is_calling_is_found_out_before_the_input_is_read() -> None:
    api = Api("/made/up")

    @api.post
    def create(form: Form, caller: Caller) -> Response:
        return data([form.first_name, caller.id])

    answer = api.handler(event("POST", "/made/up", "not json", {"content-type": "text/plain"}), None)
    assert answer["statusCode"] == 401
    assert create is not None


def test_a_parameter_receives_what_its_type_makes_of_the_request(ada: SignedIn) -> None:
    api = Api("/made/{thingId}/up")

    @api.put
    def replace(thing_id: str, form: Form, caller: Caller, which: Filter, client: Client) -> Response:
        return data([thing_id, form.first_name, form.times, which.page_size, client.ip, caller.id])

    headers = {"authorization": f"Bearer {ada.token}", "content-type": "application/json"}
    request = event("PUT", "/made/7/up?pageSize=5", '{"firstName": "Ada"}', headers)
    answer = api.handler(request | {"pathParameters": {"thingId": "7"}}, None)
    me = ada.get("/api/auth/me").json["data"]["user"]["id"]
    assert answer["body"] == f'{{"success":true,"data":["7","Ada",1,5,"192.0.2.1","{me}"]}}'
    assert replace is not None


def test_verbs_are_told_in_the_order_in_which_they_were_declared() -> None:
    api = Api("/made/up")
    for declare in (api.delete, api.get, api.patch):
        declare(lambda: data(None))
    assert api.methods == ["DELETE", "GET", "PATCH"]
    answer = api.handler(event("POST", "/made/up", None, {}), None)
    assert answer["headers"]["Allow"] == "DELETE, GET, PATCH"


def test_a_parameter_without_a_type_is_refused_when_declared() -> None:
    api = Api("/made/up")

    def operation(something) -> Response:  # type: ignore[no-untyped-def]  # noqa: ANN001
        return data(something)

    with pytest.raises(TypeError, match="operation has a parameter without a type"):
        api.get(operation)


def test_text_goes_out_as_it_is_and_not_escaped() -> None:
    api = Api("/made/up")

    @api.get
    def read() -> Response:
        return data({"name": "Ådä 👩🏽\u200d💻"}, ETag='"1"')

    answer = api.handler(event("GET", "/made/up", None, {}), None)
    assert answer["body"] == '{"success":true,"data":{"name":"Ådä 👩🏽\u200d💻"}}'
    assert answer["headers"]["ETag"] == '"1"'
    assert read is not None
