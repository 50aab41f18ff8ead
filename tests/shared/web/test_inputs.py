"""What makes up bodies and queries; what requests with them are answered is tested with the endpoints."""

from typing import Annotated

import pytest
from pydantic import Field

from shared.accounts.sign_in import SignedIn
from shared.core.errors import InvalidInput
from shared.records.credentials import Credential
from shared.records.one_time_tokens import Issued
from shared.records.sessions import Session
from shared.values.types import Name, Rule
from shared.web.inputs import Body, Query
from shared.web.request import Request


class Order(Body):
    """An order: a rule within a rule, and a name of two words."""

    short_name: Annotated[Name, Rule(max_length=4)]
    code: Annotated[str, Field(max_length=3), Rule(str.upper)] = "abc"


def ordered(body: str) -> Order:
    headers = {"content-type": "application/json"}
    return Order.from_request(Request({"body": body, "headers": headers}))


def test_a_field_is_named_as_callers_write_it() -> None:
    order = ordered('{"shortName": " Ada "}')
    assert (order.short_name, order.to_json()) == ("Ada", {"shortName": "Ada", "code": "abc"})


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"shortName": "Grace"}', "shortName: .*at most 4"),
        ('{"shortName": "a\\nb"}', "shortName: must not contain control characters"),
        ('{"shortName": "Ada", "code": "abcd"}', "code: should have at most 3 characters"),
    ],
)
def test_a_rule_adds_to_those_that_are_there(body: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        ordered(body)


def test_what_was_sent_is_not_in_the_text_of_an_input() -> None:
    assert "Ada" not in repr(ordered('{"shortName": "Ada"}'))


def test_a_rule_in_the_place_of_a_default_is_a_mistake() -> None:
    with pytest.raises(TypeError, match=r"Search\.limit needs Annotated"):

        class Search(Query):
            limit: int = Field(ge=1)


def test_a_query_that_must_be_there_is_missed() -> None:
    class Search(Query):
        term: str

    with pytest.raises(InvalidInput, match="Term is required"):
        Search.from_request(Request({}))


@pytest.mark.parametrize("record", [Credential, Issued, Session, SignedIn])
def test_a_record_with_a_secret_is_nothing_that_json_can_say(record: type) -> None:
    """Others are named tuples, of which JSON and tables would make lists."""
    assert not issubclass(record, tuple)
