"""The base classes of bodies and queries. Responses to invalid input are tested with the endpoints."""

from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter

from scaffold import document
from shared.accounts.sign_in import SignedIn
from shared.core.errors import InvalidInput
from shared.records.credentials import Credential
from shared.records.one_time_tokens import OneTimeToken
from shared.records.registrations import Registration
from shared.records.sessions import Session
from shared.values import declared
from shared.values.types import AcceptedAt, Name, Rule
from shared.web.inputs import OMITTED, Body, Query
from shared.web.request import Request


class Order(Body):
    """A body with a field name of two words, and rules added to those of a type and of a field."""

    short_name: Annotated[Name, Rule(max_length=4)]
    code: Annotated[str, Field(max_length=3), Rule(str.upper)] = "abc"


def request(body: str) -> Request:
    return Request({"body": body, "headers": {"content-type": "application/json"}})


def parse(body: str) -> Order:
    return Order.from_request(request(body))


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
    with pytest.raises(InvalidInput, match="value: should be a finite number"):
        Measurement.from_request(request(f'{{"value": {number}}}'))


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


class Change(Body):
    """A body of which the caller sends some fields."""

    title: Name = OMITTED
    due_at: Name | None = OMITTED


def given(body: str) -> Any:
    return Change.from_request(Request({"body": body, "headers": {"content-type": "application/json"}})).given()


def test_only_what_the_caller_has_sent_is_given_null_included() -> None:
    assert given('{"title": "a"}') == {"title": "a"}
    assert given('{"dueAt": null, "other": 1}') == {"due_at": None}


@pytest.mark.parametrize("body", ["{}", "", '{"other": 1}'])
def test_change_of_nothing_is_refused(body: str) -> None:
    with pytest.raises(InvalidInput, match="Provide at least one of title, dueAt"):
        given(body)


def test_required_field_cannot_be_null() -> None:
    with pytest.raises(InvalidInput, match="title: is required"):
        given('{"title": null}')


@pytest.mark.parametrize("value", ['"5"', "true", "5.0"])
def test_value_of_another_type_is_refused_in_json_and_read_in_a_form(value: str) -> None:
    class Count(Body):
        number: int

    with pytest.raises(InvalidInput, match="number: "):
        Count.from_request(Request({"body": f'{{"number": {value}}}', "headers": {"content-type": "application/json"}}))
    assert Count._from_text({"number": "5"}).number == 5


# Fields that need not be sent -----------------------------------------------------------------------


class Changes(Body):
    """A body whose fields need not be sent; one of them can be null."""

    short_name: Name = OMITTED
    birthday: date | None = OMITTED
    size: int = 1


@pytest.mark.parametrize(
    ("body", "given", "by_name"),
    [
        ("{}", {}, {}),
        ('{"shortName": "Ada"}', {"short_name": "Ada"}, {"shortName": "Ada"}),
        ('{"birthday": null}', {"birthday": None}, {"birthday": None}),
        ('{"birthday": "1815-12-10"}', {"birthday": date(1815, 12, 10)}, {"birthday": "1815-12-10"}),
    ],
)
def test_omitted_field_is_told_from_null(body: str, given: dict[str, object], by_name: dict[str, object]) -> None:
    changes = Changes.from_request(request(body))
    assert changes.given() == {"size": 1, **given}
    assert changes.to_json() == {"size": 1, **by_name}


@pytest.mark.parametrize(("value", "message"), [("null", "is required"), ('""', "must not be empty")])
def test_null_is_refused_by_an_optional_field_whose_type_excludes_it(value: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=f"shortName: {message}"):
        Changes.from_request(request(f'{{"shortName": {value}}}'))


def test_omitted_field_is_documented_as_optional_without_a_default() -> None:
    schema = TypeAdapter(Changes).json_schema(schema_generator=document.Generator)
    assert "required" not in schema
    assert [name for name, own in schema["properties"].items() if "default" in own] == ["size"]


# Declared fields of users ---------------------------------------------------------------------------


def declare(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Declare a field of users that a registration accepts."""
    kind = Annotated[Name | None, AcceptedAt("registration"), Rule(description="The employer.")]
    monkeypatch.setattr(declared, "_FIELDS", {name: kind})


def test_body_has_the_declared_fields_of_its_places(monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, "company")

    class SignUp(Body, details_at=["registration"]):
        name: Name

    class Invitation(Body, details_at=["invitation"]):
        name: Name

    text = '{"name": "Ada", "company": " Engines Ltd "}'
    assert SignUp.from_request(request(text)).to_json() == {"name": "Ada", "company": "Engines Ltd"}
    assert SignUp.from_request(request('{"name": "Ada"}')).to_json() == {"name": "Ada"}
    assert Invitation.from_request(request(text)).to_json() == {"name": "Ada"}
    schema = TypeAdapter(SignUp).json_schema(schema_generator=document.Generator)
    assert (schema["required"], schema["properties"]["company"]["description"]) == (["name"], "The employer.")


@pytest.mark.parametrize("name", ["password", "load"])
def test_declared_field_must_not_hide_one_of_the_body(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    declare(monkeypatch, name)
    with pytest.raises(TypeError, match=f"SignUp has {name} already: rename the one of Details"):

        class SignUp(Body, details_at=["registration"]):
            password: str
