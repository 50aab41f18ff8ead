"""The two-way proof of docs/openapi.json: every response is in it, and everything in it was seen.

`Api.send` passes each response to `see`, which fails the test if the document does not describe it. At the end of a
complete run, tests/conftest.py fails the run for what is documented and was not seen (`unseen`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple, TypeAlias

from jsonschema import Draft202012Validator

from scaffold.document import FILE

Json: TypeAlias = dict[str, Any]

JSON_TYPE = "application/json"
PAGE_TYPE = "text/html"


class Outcome(NamedTuple):
    """A kind of response: `code` is empty unless it is an error."""

    path: str
    method: str
    status: int
    code: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.status} {self.code}".rstrip()


SEEN: set[Outcome] = set()


def see(path: str, method: str, status: int, headers: Mapping[str, str], text: str) -> None:
    """Verify that the document describes this response, and remember it.

    Raises:
        AssertionError: the document does not describe the status, a header or the body.

    """
    documented = [verb.upper() for verb in document()["paths"][path]]
    is_head = method == "HEAD" and "GET" in documented
    is_page = headers.get("content-type", "").startswith(PAGE_TYPE)
    body = json.loads(text) if text and not is_page else None
    code = body.get("code", "") if isinstance(body, dict) and status >= HTTPStatus.BAD_REQUEST else ""
    # A verb that the path does not declare is the same error for all that it does.
    for operation in ["GET"] if is_head else [method] if method in documented else documented:
        where = f"{operation} {path} responds {status}"
        response = responses(path, operation).get(status)
        assert response is not None, f"{where}, which it does not declare: {body}"
        response.verify_headers({name.lower(): value for name, value in headers.items()}, where)
        if is_page:
            assert response.has_page, f"{where} with an undocumented page"
        elif not is_head:
            response.verify_body(body, where)
            SEEN.add(Outcome(path, operation, status, code))


class Header(NamedTuple):
    required: bool
    schema: Draft202012Validator


class Response(NamedTuple):
    """A documented response. `body` is None if it has none. `has_page`: browsers may get a page instead."""

    headers: Mapping[str, Header]
    body: Draft202012Validator | None
    codes: Sequence[str]
    has_page: bool = False

    def verify_headers(self, given: Mapping[str, str], where: str) -> None:
        undocumented = given.keys() - self.headers.keys() - {"content-type"}
        assert not undocumented, f"{where} with undocumented headers: {sorted(undocumented)}"
        for name, header in self.headers.items():
            assert name in given or not header.required, f"{where} without {name}"
            problem = next(header.schema.iter_errors(given[name]), None) if name in given else None
            assert problem is None, f"{where} with {name}: {problem}"

    def verify_body(self, body: Any, where: str) -> None:
        if self.body is None:
            assert body is None, f"{where} with a body: {body}"
        else:
            problem = next(self.body.iter_errors(body), None)
            assert problem is None, f"{where}: {problem}"


@cache
def document() -> Json:
    """Return docs/openapi.json."""
    content: Json = json.loads(FILE.read_text(encoding="utf-8"))
    return content


@cache
def responses(path: str, method: str) -> Mapping[int, Response]:
    """Return the documented responses of an operation."""
    operation = document()["paths"][path][method.lower()]
    return {int(status): _response(resolved(own)) for status, own in operation["responses"].items()}


def _response(described: Json) -> Response:
    headers = {
        name.lower(): Header(own.get("required", False), Draft202012Validator(own["schema"]))
        for name, own in ((name, resolved(own)) for name, own in described["headers"].items())
    }
    if "content" not in described:
        return Response(headers, None, [""])
    schema = closed(described["content"][JSON_TYPE]["schema"])
    codes = next((part["properties"]["code"]["enum"] for part in schema.get("allOf", ()) if _has_codes(part)), [""])
    return Response(headers, Draft202012Validator(schema), codes, PAGE_TYPE in described["content"])


def _has_codes(schema: Json) -> bool:
    return "enum" in schema.get("properties", {}).get("code", {})


def closed(schema: Json, *, is_part: bool = False) -> Json:
    """Return a schema without references, whose objects have no properties but those that it names."""
    schema = dict(resolved(schema))
    if "properties" in schema:
        schema["properties"] = {name: closed(own) for name, own in schema["properties"].items()}
    for name in ("allOf", "anyOf", "oneOf"):
        if name in schema:
            schema[name] = [closed(own, is_part=name == "allOf") for own in schema[name]]
    if "items" in schema:
        schema["items"] = closed(schema["items"])
    if not is_part and ("properties" in schema or "allOf" in schema):
        schema["unevaluatedProperties"] = False
    return schema


def resolved(part: Json) -> Json:
    """Return a part of the document, or what it refers to."""
    while "$ref" in part:
        found = document()
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def documented() -> Iterator[Outcome]:
    """Yield everything that the document describes."""
    for path, verbs in document()["paths"].items():
        for verb in verbs:
            for status, response in responses(path, verb.upper()).items():
                yield from (Outcome(path, verb.upper(), status, code) for code in response.codes)


def unseen(seen: set[Outcome]) -> list[Outcome]:
    """Return what is documented but was not seen."""
    return sorted(set(documented()) - seen)
