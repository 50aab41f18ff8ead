"""Rules for every path: verbs, authentication, headers, body parsing, and incomplete events."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.web.form_data import URLENCODED
from tests.support import PASSWORD, ROOT
from tests.support.accounts import member
from tests.support.api import Api, event, routes
from tests.support.assertions import assert_error, assert_headers
from tests.support.faults import Wire

VERBS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "get", ""]
USER = "/api/users/11111111-1111-4111-8111-111111111111"
# One for each path and verb of the code. It has a token if the endpoint requires one; both are tested below.
EVENTS = [json.loads(file.read_text()) for file in sorted((ROOT / "events").glob("*/**/*.json"))]
REQUESTS = [event for event in EVENTS if "rawPath" in event]
ENDPOINTS = [(event["rawPath"], event["requestContext"]["http"]["method"]) for event in REQUESTS]
SIGNED_IN = [
    endpoint for endpoint, event in zip(ENDPOINTS, REQUESTS, strict=True) if "authorization" in event["headers"]
]
PUBLIC = [endpoint for endpoint in ENDPOINTS if endpoint not in SIGNED_IN]
ALLOWED = {
    path: sorted((verb for other, verb in ENDPOINTS if other == path), key=VERBS.index)
    for path in dict.fromkeys(path for path, _ in ENDPOINTS)
}
# HEAD is answered wherever GET is, and not listed in Allow.
READABLE = [path for path, verbs in ALLOWED.items() if "GET" in verbs]
NOT_ALLOWED = [
    (path, verb)
    for path, verbs in ALLOWED.items()
    for verb in VERBS
    if verb not in verbs and not (verb == "HEAD" and path in READABLE)
]
# Without the page that a provider sends a browser to with a form, which redirects it after every error.
WITH_BODY = [
    endpoint
    for endpoint, event in zip(ENDPOINTS, REQUESTS, strict=True)
    if "body" in event and event["headers"]["content-type"] == "application/json"
]


# Verbs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "verb"), NOT_ALLOWED)
def test_wrong_verb_answers_405_with_the_allowed_verbs(api: Api, path: str, verb: str) -> None:
    reply = api.call(verb, path)
    assert_error(reply, 405, "method_not_allowed")
    assert reply.headers["allow"] == ", ".join(ALLOWED[path])
    assert reply.json["message"] == f"Method {verb} Not Allowed"


@pytest.mark.parametrize("path", READABLE)
def test_head_is_answered_like_get_without_a_body(admin: Api, path: str) -> None:
    got, headed = admin.get(path), admin.call("HEAD", path)
    assert headed.text == ""
    assert headed.status == got.status
    varying = {"x-request-id", "ratelimit", "etag"}
    assert {name: text for name, text in headed.headers.items() if name not in varying} == {
        name: text for name, text in got.headers.items() if name not in varying
    }


def test_wrong_verb_is_rejected_before_anything_else_is_checked(api: Api, wire: Wire) -> None:
    reply = api.put("/api/auth/login", "not json", content_type="text/plain", authorization="Bearer nonsense")
    assert_error(reply, 405, "method_not_allowed")
    assert wire.calls == []


@pytest.mark.usefixtures("environment")
def test_events_cover_each_path_and_verb_of_the_code() -> None:
    assert len(routes()) == len(ALLOWED)
    for path, verbs in ALLOWED.items():
        assert verbs == next(module.api.methods for pattern, module in routes() if pattern.fullmatch(path))


# Authentication ------------------------------------------------------------------------------------

NOT_BEARER = ["", "Bearer", "Bearer ", "Basic YTpi", "token", "Bearer\tx.y.z", "bearerx.y.z", "\u212aearer x.y.z"]


@pytest.mark.parametrize(("path", "verb"), SIGNED_IN)
def test_first_call_after_a_refresh_marks_its_tokens_as_used(api: Api, wire: Wire, path: str, verb: str) -> None:
    member(api, "Ada", "ada@example.com")
    tokens = api.post("/api/auth/login", {"email": "ada@example.com", "password": PASSWORD}).json
    tokens = api.post("/api/auth/refresh", {"refreshToken": tokens["refreshToken"]}).json
    wire.reset()
    assert api.with_token(tokens["token"]).call(verb, path, {}).status < 500
    assert wire.calls[:3] == ["Query", "GetItem", "UpdateItem"]


@pytest.mark.parametrize(("path", "verb"), PUBLIC)
def test_public_endpoint_requires_no_token(api: Api, path: str, verb: str) -> None:
    assert api.call(verb, path).status not in {401, 403}


@pytest.mark.parametrize("authorization", NOT_BEARER)
def test_malformed_authorization_header_answers_401(api: Api, authorization: str) -> None:
    reply = api.get("/api/auth/me", authorization=authorization)
    assert reply.status == 401
    assert reply.json["code"] in {"no_token", "invalid_token"}
    challenge = {"no_token": "Bearer", "invalid_token": 'Bearer error="invalid_token"'}
    assert reply.headers["www-authenticate"] == challenge[reply.json["code"]]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_bearer_scheme_is_case_insensitive(ada: Api, scheme: str) -> None:
    assert Api().get("/api/auth/me", authorization=f"{scheme} {ada.token}").status == 200


@pytest.mark.parametrize("name", ["authorization", "Authorization", "AUTHORIZATION"])
def test_header_names_are_case_insensitive(ada: Api, name: str) -> None:
    assert Api().get("/api/auth/me", **{name: f"Bearer {ada.token}"}).status == 200


def test_two_tokens_in_one_header_are_rejected(ada: Api) -> None:
    reply = Api().get("/api/auth/me", authorization=f"Bearer {ada.token},Bearer {ada.token}")
    assert_error(reply, 401, "invalid_token")


# Response headers ----------------------------------------------------------------------------------


def test_every_kind_of_response_has_the_standard_headers(admin: Api) -> None:
    me = admin.get("/api/auth/me").json["data"]["user"]["id"]
    assert_headers(admin.get("/api/health"))
    assert_headers(admin.get("/api/users"))
    assert_headers(admin.get(f"/api/users/{me}"))
    assert_headers(admin.get("/.well-known/jwks.json"), cache="public, max-age=300")
    assert_headers(admin.post("/api/users", {"name": "Ben", "email": "ben@example.com"}))
    assert_error(admin.get(USER), 404, "user_not_found")
    assert_error(admin.delete(f"/api/users/{me}"), 409, "last_admin")
    assert_error(admin.patch(f"/api/users/{me}", {"name": "A"}, if_match='"99"'), 412, "stale")
    assert_headers(admin.post("/api/auth/logout"))


# Bodies --------------------------------------------------------------------------------------------

DEEP = "[" * 100_000
NOT_JSON = {
    "truncated": '{"email": "ada@example.com"',
    "an unterminated string": '"',
    "trailing comma": '{"a": 1,}',
    "two values": "{}{}",
    "single quotes": "{'a': 1}",
    "a comment": '{"a": 1} // one',
    "two byte order marks": "\ufeff\ufeff{}",
    "only spaces": "   ",
    "a control character in a string": '{"a": "\x01"}',
    "a lone surrogate": '{"email": "\\ud800", "name": "\\ud800", "password": "\\udfff"}',
    "nested 100,000 deep": DEEP,
    "objects nested 100,000 deep": '{"a":' * 100_000,
    "closed and nested 100,000 deep": '{"x": ' + DEEP + "]" * 100_000 + "}",
}
NOT_AN_OBJECT = ["[]", "null", "1", '"text"', "true", "[{}]", "NaN", "1e999", "-0"]


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_malformed_json_is_rejected(api: Api, body: str) -> None:
    reply = api.post("/api/auth/login", body)
    assert_error(reply, 400, "validation_failed")
    assert reply.json["message"] == "The body is not valid JSON"


@pytest.mark.parametrize("body", NOT_AN_OBJECT)
def test_json_that_is_not_an_object_is_rejected(api: Api, body: str) -> None:
    reply = api.post("/api/auth/register", body)
    assert_error(reply, 400, "validation_failed")
    assert reply.json["message"] == "The body must be a JSON object"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1" * 4000, "1e400", "-1", "true", "null", "[]", "{}", '["a"]'])
def test_values_of_wrong_types_are_reported_by_field(api: Api, value: str) -> None:
    reply = api.post("/api/auth/register", f'{{"name": {value}, "email": {value}, "password": {value}}}')
    assert_error(reply, 400, "validation_failed")
    assert [error["field"] for error in reply.json["errors"]] == ["name", "email", "password"]


def test_number_with_too_many_digits_is_rejected(api: Api) -> None:
    reply = api.post("/api/auth/resend-verification", f'{{"email": "ada@example.com", "more": {"9" * 100_000}}}')
    assert_error(reply, 400, "validation_failed")  # Python parses at most 4,300 digits


def test_last_of_repeated_json_keys_wins(api: Api) -> None:
    body = '{"email": "one@example.com", "email": "not an address"}'
    assert_error(api.post("/api/auth/resend-verification", body), 400, "validation_failed")


def test_unknown_json_keys_are_ignored(api: Api) -> None:
    body = {"email": "ada@example.com", "__proto__": {}, "isAdmin": True}
    assert api.post("/api/auth/resend-verification", body).status == 202


def binary_event(path: str, body: bytes, content_type: str = "application/json") -> dict[str, Any]:
    text = base64.b64encode(body).decode()
    return event("POST", path, text, {"content-type": content_type}) | {"isBase64Encoded": True}


def test_base64_body_is_decoded(api: Api) -> None:
    body = json.dumps({"email": "ada@example.com"}).encode()
    assert api.send(binary_event("/api/auth/resend-verification", body)).status == 202


@pytest.mark.parametrize("body", [b'{"email": "\xff\xfe"}', b'\xed\xa0\x80{"a": 1}', '{"a": 1}'.encode("utf-16")])
def test_body_that_is_not_utf8_is_rejected(api: Api, body: bytes) -> None:
    assert_error(api.send(binary_event("/api/auth/login", body)), 400, "validation_failed")


@pytest.mark.parametrize("text", ["%%%", "é", "YQ", "YQ==\n==="])
def test_invalid_base64_body_is_rejected(api: Api, text: str) -> None:
    bad = event("POST", "/api/auth/login", text, {"content-type": "application/json"}) | {"isBase64Encoded": True}
    reply = api.send(bad)
    assert_error(reply, 400, "validation_failed")
    assert reply.json["message"] == "The body cannot be decoded"


def test_body_with_a_lone_surrogate_is_rejected(api: Api) -> None:
    assert_error(api.post("/api/auth/login", '{"email": "\ud800"}'), 400, "validation_failed")


@pytest.mark.parametrize("body", [None, ""])
@pytest.mark.parametrize(("path", "verb"), [endpoint for endpoint in WITH_BODY if endpoint[0] != "/api/auth/logout"])
def test_missing_body_is_rejected_where_fields_are_required(admin: Api, path: str, verb: str, body: str | None) -> None:
    reply = admin.call(verb, path, body)
    assert_error(reply, 400, "validation_failed")


def is_html_form(path: str) -> bool:
    return any(hasattr(module, "form") for pattern, module in routes() if pattern.fullmatch(path))


@pytest.mark.parametrize("content_type", ["text/plain", URLENCODED, "", "application/jsonp", "*/*"])
def test_other_content_types_are_rejected(admin: Api, content_type: str) -> None:
    for path, verb in WITH_BODY:
        if is_html_form(path) and content_type == URLENCODED:
            continue
        reply = admin.call(verb, path, "{}", content_type=content_type)
        assert_error(reply, 415, "unsupported_media_type")
        assert reply.json["message"].startswith("Content-Type must be application/json")


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
def test_compressed_bodies_are_rejected(admin: Api, encoding: str) -> None:
    for path, verb in WITH_BODY:
        reply = admin.call(verb, path, "{}", content_encoding=encoding)
        assert_error(reply, 415, "unsupported_media_type")
        assert reply.json["message"] == "Content-Encoding must be identity: send the body uncompressed"
        assert reply.headers["accept-encoding"] == "identity"


def test_byte_order_mark_is_ignored(api: Api) -> None:
    assert api.post("/api/auth/resend-verification", '\ufeff{"email": "a@example.com"}').status == 202


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", " application/json ;x"]
)
def test_content_type_may_have_parameters_and_any_case(api: Api, content_type: str) -> None:
    assert (
        api.post("/api/auth/resend-verification", {"email": "a@example.com"}, content_type=content_type).status == 202
    )


def test_body_of_exactly_a_megabyte_is_accepted(api: Api) -> None:
    start = '{"email": "ada@example.com", "more": "'
    body = start + "a" * (1024 * 1024 - len(start) - 2) + '"}'
    assert len(body) == 1024 * 1024
    assert api.post("/api/auth/resend-verification", body).status == 202


def test_body_size_is_counted_in_bytes_not_characters(api: Api) -> None:
    assert_error(api.post("/api/auth/resend-verification", '"' + "é" * (600 * 1024) + '"'), 413, "body_too_large")


def test_body_size_is_counted_after_base64_decoding(api: Api) -> None:
    too_large = binary_event("/api/auth/resend-verification", b'"' + b"a" * 1024 * 1024 + b'"')
    assert_error(api.send(too_large), 413, "body_too_large")


# Incomplete events ---------------------------------------------------------------------------------

REMOVALS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no headers": lambda event: event.pop("headers"),
    "headers null": lambda event: event.update(headers=None),
    "no query": lambda event: event.pop("rawQueryString"),
    "query null": lambda event: event.update(queryStringParameters=None),
    "body null": lambda event: event.update(body=None),
    "no isBase64Encoded": lambda event: event.pop("isBase64Encoded"),
    "no source address": lambda event: event["requestContext"]["http"].pop("sourceIp"),
    "no user agent": lambda event: event["requestContext"]["http"].pop("userAgent"),
    "no request id": lambda event: event["requestContext"].pop("requestId"),
}


@pytest.mark.parametrize("remove", REMOVALS.values(), ids=REMOVALS.keys())
def test_incomplete_event_is_answered(api: Api, remove: Callable[[dict[str, Any]], object]) -> None:
    for path, verb in ENDPOINTS:
        incomplete = event(verb, path, None, {})
        remove(incomplete)
        assert api.send(incomplete).status < 500, (path, verb)


@pytest.mark.parametrize("context", [{}, None, {"http": None}])
def test_event_without_a_request_context_is_answered(api: Api, context: dict[str, Any] | None) -> None:
    reply = api.send(event("GET", "/api/health", None, {}) | {"requestContext": context})
    assert reply.status == 405


# Request ids ---------------------------------------------------------------------------------------


def test_request_id_comes_from_the_gateway(api: Api) -> None:
    sent = event("GET", "/api/auth/me", None, {"x-request-id": "chosen by the caller"})
    reply = api.send(sent)
    assert reply.headers["x-request-id"] == reply.json["requestId"] == sent["requestContext"]["requestId"]
