"""The base classes of bodies and queries. Responses to invalid input are tested with the endpoints."""

from typing import Annotated

import pytest
from pydantic import Field

from shared.accounts.sign_in import SignedIn
from shared.core.errors import InvalidInput
from shared.records.credentials import Credential
from shared.records.one_time_tokens import OneTimeToken
from shared.records.registrations import Registration
from shared.records.sessions import Session
from shared.values.types import Name, Rule
from shared.web.inputs import Body, Query
from shared.web.request import Request


class Order(Body):
    """A body with a field name of two words, and rules added to those of a type and of a field."""

    short_name: Annotated[Name, Rule(max_length=4)]
    code: Annotated[str, Field(max_length=3), Rule(str.upper)] = "abc"


def parse(body: str) -> Order:
    headers = {"content-type": "application/json"}
    return Order.from_request(Request({"body": body, "headers": headers}))


def test_fields_are_in_camel_case_in_json() -> None:
    order = parse('{"shortName": " Ada "}')
    assert (order.short_name, order.to_json()) == ("Ada", {"shortName": "Ada", "code": "abc"})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"shortName": "Grace"}', "shortName: .*at most 4"),
        ('{"shortName": "a\\nb"}', "shortName: must not contain control characters"),
        ('{"shortName": "Ada", "code": "abcd"}', "code: should have at most 3 characters"),
    ],
)
def test_rule_applies_in_addition_to_those_of_the_type(body: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        parse(body)


class Measurement(Body):
    """A body with a number that may have a fraction."""

    value: float


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_number_that_json_does_not_have_is_refused(number: str) -> None:
    request = Request({"body": f'{{"value": {number}}}', "headers": {"content-type": "application/json"}})
    with pytest.raises(InvalidInput, match="value: should be a finite number"):
        Measurement.from_request(request)


def test_repr_of_an_input_omits_its_values() -> None:
    assert "Ada" not in repr(parse('{"shortName": "Ada"}'))


def test_field_in_place_of_a_default_raises_type_error() -> None:
    with pytest.raises(TypeError, match=r"Search\.limit: use `Annotated"):

        class Search(Query):
            limit: int = Field(ge=1)


def test_missing_required_parameter_is_rejected() -> None:
    class Search(Query):
        term: str

    with pytest.raises(InvalidInput, match="Term is required"):
        Search.from_request(Request({}))


@pytest.mark.parametrize("record", [Credential, OneTimeToken, Registration, Session, SignedIn])
def test_record_with_a_secret_is_not_a_named_tuple(record: type) -> None:
    """Named tuples, as other records are, would be serialized as lists in JSON and in tables."""
    assert not issubclass(record, tuple)


def test_unknown_constraint_of_a_rule_raises_at_declaration() -> None:
    with pytest.raises(TypeError, match="Rule has no constraint min; it has ge, gt"):
        Rule(min=1)
