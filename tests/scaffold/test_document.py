"""docs/openapi.json: current, complete, with valid examples, and compared with every response that the tests get."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from scaffold import document
from scaffold.document import DeclarationError
from scaffold.routes import Route, routes
from shared.core.errors import ErrorTypes, UserNotFound
from shared.shapes.users import PublicUser
from shared.web.api import Api
from shared.web.inputs import Body
from shared.web.responses import Data, NoContent, Response
from tests.support import proof

pytestmark = pytest.mark.usefixtures("environment")

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Request-Id": "an id",
}
HEALTH: dict[str, Any] = {"success": True, "data": {"status": "ok", "version": "1"}}


# Examples ------------------------------------------------------------------------------------------


def examples(part: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield each place of the document with examples, a schema, and an example."""
    if isinstance(part, dict):
        if "schema" in part:
            shown = [each["value"] for each in part.get("examples", {}).values()]
            shown += [part["example"]] if "example" in part else []
            yield from ((place, part["schema"], each) for each in shown)
        elif isinstance(part.get("examples"), list):
            yield from ((place, part, each) for each in part["examples"])
        for name, own in part.items():
            yield from examples(own, f"{place}/{name}")
    elif isinstance(part, list):
        for number, own in enumerate(part):
            yield from examples(own, f"{place}/{number}")


def test_examples_match_their_schemas() -> None:
    found = list(examples(proof.document()))
    assert len(found) > 200
    for place, schema, example in found:
        problem = next(Draft202012Validator(proof.closed(schema)).iter_errors(example), None)
        assert problem is None, f"{place}: {problem}"


def test_examples_of_bodies_are_accepted_by_the_handlers() -> None:
    for route in routes():
        for operation in route.api.operations.values():
            for kind in operation.inputs.values():
                if isinstance(kind, type) and issubclass(kind, Body):
                    declared = proof.document()["paths"][route.path][operation.method.lower()]["requestBody"]
                    example = next(iter(declared["content"].values()))["example"]
                    kind._validated(kind._adapter().validate_python, example)


# Declarations --------------------------------------------------------------------------------------


class Thing(Body):
    name: str
    """What it is called."""


def path(name: str, function: Any, *, errors: ErrorTypes = ()) -> Route:
    api = Api(name)
    api.post(errors=errors)(function)
    return Route("made/up", api, None)


def create_thing(body: Thing) -> "Data[PublicUser]":  # type: ignore[empty-body]
    """Create a thing. It is made up.

    A second paragraph.
    """


def test_operation_is_described_by_its_docstring_inputs_and_errors() -> None:
    built = document.build([path("/api/things", create_thing, errors=(UserNotFound,))])
    operation = built["paths"]["/api/things"]["post"]
    assert operation["operationId"] == "createThing"
    assert (operation["summary"], operation["description"]) == (
        "Create a thing",
        "It is made up.\n\nA second paragraph.",
    )
    assert list(operation["responses"]) == ["200", "400", "404", "405", "413", "415", "500", "503"]
    assert built["components"]["schemas"]["Thing"]["properties"]["name"]["description"] == "What it is called."


def test_two_operations_of_one_name_are_refused() -> None:
    with pytest.raises(DeclarationError, match="Two handlers declare createThing: rename one"):
        document.build([path("/api/things", create_thing), path("/api/others", create_thing)])


def test_two_bodies_of_one_name_are_refused() -> None:
    other = type("Thing", (Body,), {"__annotations__": {"size": int}})

    def create_other(body: Any) -> NoContent: ...  # type: ignore[empty-body]

    create_other.__annotations__["body"] = other
    with pytest.raises(DeclarationError, match="Two handlers declare Thing"):
        document.build([path("/api/things", create_thing), path("/api/others", create_other)])


@pytest.mark.parametrize("declared", [Response, None])
def test_operation_without_a_kind_of_response_is_refused(declared: Any) -> None:
    def undeclared() -> Response: ...  # type: ignore[empty-body]

    undeclared.__annotations__["return"] = declared
    with pytest.raises(DeclarationError, match="undeclared does not declare its response"):
        document.build([path("/api/things", undeclared)])


# The proof -----------------------------------------------------------------------------------------


def see(status: int = 200, body: Any = HEALTH, **headers: str) -> None:
    """Let the proof see a response of /api/health."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    proof.see("/api/health", "GET", status, {**HEADERS, **named}, json.dumps(body))


def test_documented_response_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "SEEN", set())
    see()
    assert {proof.Outcome("/api/health", "GET", 200, "")} == proof.SEEN


def test_undocumented_status_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="GET /api/health responds 418, which it does not declare"):
        see(418)


def test_undocumented_error_code_fails_the_test() -> None:
    error = {"success": False, "message": "No", "code": "made_up", "requestId": "an id"}
    with pytest.raises(AssertionError, match="'made_up' is not one of"):
        see(503, error, Retry_After="2")


def test_undocumented_field_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="'secret' was unexpected"):
        see(body={"success": True, "data": {**HEALTH["data"], "secret": 1}})


def test_missing_field_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="'version' is a required property"):
        see(body={"success": True, "data": {"status": "ok"}})


def test_undocumented_header_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="with undocumented headers"):
        see(X_Powered_By="Python")


def test_missing_header_fails_the_test() -> None:
    error = {"success": False, "message": "No", "code": "unavailable", "requestId": "an id"}
    with pytest.raises(AssertionError, match="503 without retry-after"):
        see(503, error)


def test_what_no_test_has_seen_is_reported() -> None:
    documented = set(proof.documented())
    missing = proof.Outcome("/api/health", "GET", 503, "unavailable")
    assert proof.unseen(documented) == []
    assert proof.unseen(documented - {missing}) == [missing]
    assert str(missing) == "GET /api/health: 503 unavailable"
