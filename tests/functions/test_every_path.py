"""What holds for every path: verbs, headers, callers, bodies that are none, and events with parts missing."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.api import Api, event, load
from tests.support.faults import Wire
from tests.support.predicates import has_headers, is_error

VERBS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "get", ""]
SOMEBODY = "/api/users/11111111-1111-4111-8111-111111111111"
ROUTES = {
    "/api/health": ["GET"],
    "/api/users": ["GET", "POST"],
    SOMEBODY: ["GET", "PUT", "PATCH", "DELETE"],
    "/api/auth/register": ["POST"],
    "/api/auth/verify-email": ["POST"],
    "/api/auth/resend-verification": ["POST"],
    "/api/auth/login": ["POST"],
    "/api/auth/logout": ["POST"],
    "/api/auth/me": ["GET"],
    "/.well-known/jwks.json": ["GET"],
}
EVERY = [(path, verb) for path, verbs in ROUTES.items() for verb in verbs]
SIGNED_IN = [
    (path, verb) for path, verb in EVERY if path in {"/api/users", SOMEBODY, "/api/auth/logout", "/api/auth/me"}
]
WRONG = [(path, verb) for path, verbs in ROUTES.items() for verb in VERBS if verb not in verbs]
WITH_BODY = [(path, verb) for path, verb in EVERY if verb in {"POST", "PUT", "PATCH"}]


# Verbs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "verb"), WRONG)
def test_a_verb_that_a_path_does_not_have_is_answered_with_those_it_has(api: Api, path: str, verb: str) -> None:
    reply = api.call(verb, path)
    assert is_error(reply, 405, "method_not_allowed")
    assert reply.headers["allow"] == ", ".join(ROUTES[path])
    assert reply.json["message"] == f"Method {verb} Not Allowed"


def test_a_wrong_verb_is_told_before_anything_else_is_looked_at(api: Api, wire: Wire) -> None:
    reply = api.put("/api/auth/login", "not json", content_type="text/plain", authorization="Bearer nonsense")
    assert is_error(reply, 405, "method_not_allowed")
    assert wire.calls == []


@pytest.mark.usefixtures("environment")
def test_the_paths_are_those_of_the_code() -> None:
    folders = ["health", "users/index", "users/by_id", "well_known/jwks"]
    folders += [f"auth/{name}" for name in ("register", "verify_email", "resend_verification", "login", "logout", "me")]
    declared = {load(folder).api.path: load(folder).api.methods for folder in folders}
    assert declared == {path.replace(SOMEBODY, "/api/users/{userId}"): verbs for path, verbs in ROUTES.items()}


# Callers -------------------------------------------------------------------------------------------

NOT_BEARERS = ["", "Bearer", "Bearer ", "Basic YTpi", "token", "Bearer\tx.y.z", "bearerx.y.z", "\u212aearer x.y.z"]


@pytest.mark.parametrize(("path", "verb"), SIGNED_IN)
def test_a_stranger_is_asked_to_sign_in_and_told_nothing_about_the_input(api: Api, path: str, verb: str) -> None:
    reply = api.call(verb, path, "not json" if verb != "GET" else None)
    assert is_error(reply, 401, "no_token")
    assert reply.headers["www-authenticate"] == "Bearer"
    assert "errors" not in reply.json


@pytest.mark.parametrize("authorization", NOT_BEARERS)
def test_what_is_no_bearer_token_is_none_or_an_invalid_one(api: Api, authorization: str) -> None:
    reply = api.get("/api/auth/me", authorization=authorization)
    assert reply.status == 401
    assert reply.json["code"] in {"no_token", "invalid_token"}
    assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_the_scheme_is_read_in_any_case(ada: Api, scheme: str) -> None:
    assert Api().get("/api/auth/me", authorization=f"{scheme} {ada.token}").status == 200


@pytest.mark.parametrize("name", ["authorization", "Authorization", "AUTHORIZATION"])
def test_header_names_are_read_in_any_case(ada: Api, name: str) -> None:
    assert Api().get("/api/auth/me", **{name: f"Bearer {ada.token}"}).status == 200


def test_two_tokens_in_one_header_are_refused(ada: Api) -> None:
    reply = Api().get("/api/auth/me", authorization=f"Bearer {ada.token},Bearer {ada.token}")
    assert is_error(reply, 401, "invalid_token")


# Headers of responses ------------------------------------------------------------------------------


def test_every_kind_of_answer_has_the_headers(admin: Api) -> None:
    me = admin.get("/api/auth/me").json["data"]["user"]["id"]
    assert has_headers(admin.get("/api/health"))
    assert has_headers(admin.get("/api/users"))
    assert has_headers(admin.get(f"/api/users/{me}"))
    assert has_headers(admin.get("/.well-known/jwks.json"), cache="public, max-age=300")
    assert has_headers(admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"}))
    assert is_error(admin.get(SOMEBODY), 404, "user_not_found")
    assert is_error(admin.delete(f"/api/users/{me}"), 409, "last_admin")
    assert is_error(admin.patch(f"/api/users/{me}", {"name": "A"}, if_match='"99"'), 412, "stale")
    assert has_headers(admin.post("/api/auth/logout"))


# Bodies --------------------------------------------------------------------------------------------

DEEP = "[" * 100_000
NOT_JSON = {
    "truncated": '{"email": "ada@example.com"',
    "empty quotes": '"',
    "trailing comma": '{"a": 1,}',
    "two values": "{}{}",
    "single quotes": "{'a': 1}",
    "a comment": '{"a": 1} // one',
    "a byte order mark": "\ufeff{}",
    "only blanks": "   ",
    "a control character in a string": '{"a": "\x01"}',
    "half a surrogate pair": '{"email": "\\ud800", "name": "\\ud800", "password": "\\udfff"}',
    "nested 100,000 deep": DEEP,
    "objects nested 100,000 deep": '{"a":' * 100_000,
    "closed and nested 100,000 deep": '{"x": ' + DEEP + "]" * 100_000 + "}",
}
NOT_AN_OBJECT = ["[]", "null", "1", '"text"', "true", "[{}]", "NaN", "1e999", "-0"]


@pytest.mark.parametrize(("path", "verb"), WITH_BODY)
def test_a_body_that_is_not_json_is_told_so(admin: Api, path: str, verb: str) -> None:
    reply = admin.call(verb, path, NOT_JSON["truncated"])
    assert is_error(reply, 400, "validation_failed")
    assert reply.json["message"] == "The body is not valid JSON"
    assert "errors" not in reply.json


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_json_is_read_strictly(api: Api, body: str) -> None:
    reply = api.post("/api/auth/login", body)
    assert is_error(reply, 400, "validation_failed")
    assert reply.json["message"] == "The body is not valid JSON"


@pytest.mark.parametrize("body", NOT_AN_OBJECT)
def test_json_that_is_no_object_is_told_so(api: Api, body: str) -> None:
    reply = api.post("/api/auth/register", body)
    assert is_error(reply, 400, "validation_failed")
    assert reply.json["message"] == "The body must be a JSON object"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1" * 4000, "1e400", "-1", "true", "null", "[]", "{}", '["a"]'])
def test_values_of_other_types_are_faults_of_their_fields(api: Api, value: str) -> None:
    reply = api.post("/api/auth/register", f'{{"name": {value}, "email": {value}, "password": {value}}}')
    assert is_error(reply, 400, "validation_failed")
    assert [error["field"] for error in reply.json["errors"]] == ["name", "email", "password"]


def test_a_number_without_end_is_not_taken_for_json(api: Api) -> None:
    reply = api.post("/api/auth/resend-verification", f'{{"email": "ada@example.com", "more": {"9" * 100_000}}}')
    assert is_error(reply, 400, "validation_failed")  # the parser takes 4,300 digits


def test_of_keys_that_come_twice_the_last_counts(api: Api) -> None:
    body = '{"email": "one@example.com", "email": "not an address"}'
    assert is_error(api.post("/api/auth/resend-verification", body), 400, "validation_failed")


def test_unknown_keys_are_ignored(api: Api) -> None:
    body = {"email": "ada@example.com", "__proto__": {}, "isAdmin": True}
    assert api.post("/api/auth/resend-verification", body).status == 202


def sent_as_bytes(path: str, body: bytes, content_type: str = "application/json") -> dict[str, Any]:
    text = base64.b64encode(body).decode()
    return event("POST", path, text, {"content-type": content_type}) | {"isBase64Encoded": True}


def test_a_body_in_base64_is_read(api: Api) -> None:
    body = json.dumps({"email": "ada@example.com"}).encode()
    assert api.send(sent_as_bytes("/api/auth/resend-verification", body)).status == 202


@pytest.mark.parametrize("body", [b'{"email": "\xff\xfe"}', b'\xed\xa0\x80{"a": 1}', '{"a": 1}'.encode("utf-16")])
def test_a_body_that_is_not_utf_8_is_told_so(api: Api, body: bytes) -> None:
    assert is_error(api.send(sent_as_bytes("/api/auth/login", body)), 400, "validation_failed")


@pytest.mark.parametrize("text", ["%%%", "é", "YQ", "YQ==\n==="])
def test_a_body_that_is_not_the_base64_it_says_is_told_so(api: Api, text: str) -> None:
    bad = event("POST", "/api/auth/login", text, {"content-type": "application/json"}) | {"isBase64Encoded": True}
    reply = api.send(bad)
    assert is_error(reply, 400, "validation_failed")
    assert reply.json["message"] == "The body cannot be decoded"


def test_text_with_half_a_surrogate_pair_is_told_so(api: Api) -> None:
    assert is_error(api.post("/api/auth/login", '{"email": "\ud800"}'), 400, "validation_failed")


@pytest.mark.parametrize("body", [None, ""])
@pytest.mark.parametrize(("path", "verb"), [place for place in WITH_BODY if place[0] != "/api/auth/logout"])
def test_no_body_at_all_is_told_what_is_required(admin: Api, path: str, verb: str, body: str | None) -> None:
    reply = admin.call(verb, path, body)
    assert is_error(reply, 400, "validation_failed")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp", "*/*"])
def test_a_body_of_another_kind_is_refused(admin: Api, kind: str) -> None:
    for path, verb in WITH_BODY:
        reply = admin.call(verb, path, "{}", content_type=kind)
        assert is_error(reply, 415, "unsupported_media_type")
        assert reply.json["message"] == "Content-Type must be application/json"


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON", " application/json ;x"])
def test_the_kind_may_have_parameters_and_any_case(api: Api, kind: str) -> None:
    assert api.post("/api/auth/resend-verification", {"email": "a@example.com"}, content_type=kind).status == 202


@pytest.mark.parametrize(("path", "verb"), WITH_BODY)
def test_a_body_over_a_megabyte_is_refused(admin: Api, path: str, verb: str) -> None:
    reply = admin.call(verb, path, '"' + "a" * (1024 * 1024 - 1) + '"')
    assert is_error(reply, 413, "body_too_large")


def test_a_body_of_a_megabyte_is_read(api: Api) -> None:
    start = '{"email": "ada@example.com", "more": "'
    body = start + "a" * (1024 * 1024 - len(start) - 2) + '"}'
    assert len(body) == 1024 * 1024
    assert api.post("/api/auth/resend-verification", body).status == 202


def test_the_size_is_counted_in_bytes_not_in_characters(api: Api) -> None:
    assert is_error(api.post("/api/auth/resend-verification", '"' + "é" * (600 * 1024) + '"'), 413, "body_too_large")


def test_the_size_is_counted_after_base64(api: Api) -> None:
    too_large = sent_as_bytes("/api/auth/resend-verification", b'"' + b"a" * 1024 * 1024 + b'"')
    assert is_error(api.send(too_large), 413, "body_too_large")


# Events with parts missing -------------------------------------------------------------------------

CUTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no headers": lambda event: event.pop("headers"),
    "headers that are null": lambda event: event.update(headers=None),
    "no query": lambda event: event.pop("rawQueryString"),
    "a query that is null": lambda event: event.update(queryStringParameters=None),
    "a body that is null": lambda event: event.update(body=None),
    "no isBase64Encoded": lambda event: event.pop("isBase64Encoded"),
    "no source address": lambda event: event["requestContext"]["http"].pop("sourceIp"),
    "no user agent": lambda event: event["requestContext"]["http"].pop("userAgent"),
    "no request id": lambda event: event["requestContext"].pop("requestId"),
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
def test_an_event_with_parts_missing_is_answered(api: Api, cut: Callable[[dict[str, Any]], object]) -> None:
    for path, verb in EVERY:
        incomplete = event(verb, path, None, {})
        cut(incomplete)
        assert api.send(incomplete).status in {200, 400, 401}, (path, verb)


@pytest.mark.parametrize("context", [{}, None, {"http": None}])
def test_an_event_without_its_context_is_answered(api: Api, context: dict[str, Any] | None) -> None:
    reply = api.send(event("GET", "/api/health", None, {}) | {"requestContext": context})
    assert reply.status == 405


# Ids ------------------------------------------------------------------------------------------------


def test_requests_are_told_apart_by_the_gateways_id(api: Api) -> None:
    given = event("GET", "/api/auth/me", None, {"x-request-id": "chosen by the caller"})
    reply = api.send(given)
    assert reply.headers["x-request-id"] == reply.json["requestId"] == given["requestContext"]["requestId"]
