"""docs/openapi.json (OpenAPI 3.1), built from what the handlers declare.

Of each operation: parameters and body from the types of its inputs, responses from its return type, errors from
`errors` and from its inputs' `input_errors`. Descriptions are docstrings: of the operation, of the classes, and below
fields. The tests validate every response against the document, and fail for a status or code in it that no test has
seen (tests/support/proof.py).
"""

import inspect
import json
import re
import types
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, TypeAlias, Union, get_args, get_origin, is_typeddict

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

import shared
from scaffold.examples import example
from scaffold.names import camel_case
from scaffold.routes import ROOT, Route
from shared import shapes
from shared.core.errors import (
    Error,
    InvalidInput,
    MfaRequired,
    ReauthenticationRequired,
    Stale,
    TooManyRequests,
    Unavailable,
)
from shared.shapes.errors import Error as ErrorShape
from shared.shapes.fields import Id
from shared.shapes.submissions import PublicSubmission
from shared.web import responses
from shared.web.api import Operation
from shared.web.caller import Caller, Visitor
from shared.web.forms import NOT_SUBMITTED, Fields
from shared.web.inputs import JSON, Body, Query
from shared.web.request import MethodNotAllowed, UnsupportedMediaType
from shared.web.responses import InternalError, Response, Versioned, status_of

FILE = ROOT / "docs/openapi.json"

Json: TypeAlias = dict[str, Any]

_REFERENCE = "#/components/schemas/{model}"
_SECURITY_SCHEME = "accessToken"
# Errors of every operation.
_OF_ALL = (MethodNotAllowed, InternalError, Unavailable)

_INTRODUCTION = """\
Bodies are JSON both ways. An error has the shape `Error`: branch on `code`, show `message`. HEAD is answered wherever
GET is. A front end's own server passes on its users' addresses with `X-Proxy-Key`, `X-Proxy-Client-IP` and
`X-Proxy-User-Agent` (docs/proxies.md). CORS headers are added by API Gateway.
"""

_HEADERS: Mapping[str, Json] = {
    "Cache-Control": {"description": "Whether the response may be stored.", "schema": {"type": "string"}},
    "Content-Security-Policy": {"schema": {"type": "string", "pattern": "frame-ancestors 'none'"}},
    "Referrer-Policy": {"schema": {"const": "no-referrer"}},
    "Strict-Transport-Security": {"schema": {"type": "string", "pattern": "^max-age=[0-9]+; includeSubDomains$"}},
    "X-Content-Type-Options": {"schema": {"const": "nosniff"}},
    "X-Request-Id": {"description": "The id of the request in the API's logs.", "schema": {"type": "string"}},
    "Accept-Encoding": {"description": "Sent if the body was compressed.", "schema": {"const": "identity"}},
    "Allow": {"description": "The verbs of the path.", "schema": {"type": "string", "examples": ["GET, POST"]}},
    "ETag": {
        "description": "The version, to send as `If-Match` or `If-None-Match`.",
        "schema": {"type": "string", "pattern": '^"[0-9a-f]+"$', "examples": ['"1"']},
    },
    "Link": {
        "description": 'The next page: `<path>; rel="next"`. Missing on the last page.',
        "schema": {"type": "string", "pattern": '^</[^>]+>; rel="next"$'},
    },
    "Location": {
        "description": "Where it is.",
        "schema": {"type": "string", "pattern": "^(/|https?://)"},
    },
    "RateLimit": {
        "description": "What is left of the limits of this client (draft-ietf-httpapi-ratelimit-headers).",
        "schema": {"type": "string", "examples": ['"register";r=4;t=42']},
    },
    "RateLimit-Policy": {
        "description": "The limits (draft-ietf-httpapi-ratelimit-headers).",
        "schema": {"type": "string", "examples": ['"register";q=5;w=60']},
    },
    "Retry-After": {
        "description": "When to try again, in seconds.",
        "schema": {"type": "string", "pattern": "^[1-9][0-9]*$", "examples": ["2"]},
    },
    "WWW-Authenticate": {
        "description": 'With `error="invalid_token"` if a token was sent (RFC 6750).',
        "schema": {"enum": ["Bearer", 'Bearer error="invalid_token"']},
    },
}
_OF_EVERY_RESPONSE = tuple(_HEADERS)[:6]
# Of responses to requests that are counted.
_OF_LIMITS = ("RateLimit", "RateLimit-Policy")
_OF_STATUS: Mapping[HTTPStatus, Sequence[str]] = {
    HTTPStatus.UNAUTHORIZED: ["WWW-Authenticate"],
    HTTPStatus.METHOD_NOT_ALLOWED: ["Allow"],
    HTTPStatus.TOO_MANY_REQUESTS: ["Retry-After"],
    HTTPStatus.SERVICE_UNAVAILABLE: ["Retry-After"],
}


class DeclarationError(Exception):
    """The declaration of a handler cannot be documented."""


def text(document: Json) -> str:
    """Return the document as it is written to docs/openapi.json."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def build(routes: Sequence[Route]) -> Json:
    """Return the document of these paths.

    Raises:
        DeclarationError: two operations, or two inputs, have the same name.

    """
    return _Builder(routes).document()


class Generator(GenerateJsonSchema):
    """Describes types as pydantic does, without a warning for what it leaves out on purpose."""

    # `OMITTED` is no JSON: a field that has it is optional, without a default.
    ignored_warning_kinds = {"non-serializable-default"}  # noqa: RUF012  # as pydantic declares it


class _Builder:
    """The document in the making. `_schemas` are its components, `_references` the schema for each type in use."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = routes
        self._references: dict[tuple[Any, str], Json] = {}
        self._schemas: Json = {}
        self._failures: dict[str, Json] = {}

    def document(self) -> Json:
        self._collect_schemas()
        paths = {route.path: self._path(route) for route in self._routes}
        _verify_unique(operation["operationId"] for verbs in paths.values() for operation in verbs.values())
        return {
            "openapi": "3.1.1",
            "info": {"title": "Lambda API Routes", "version": shared.__version__, "description": _INTRODUCTION},
            "servers": [{"url": "http://localhost:3000", "description": "make start"}],
            "tags": [{"name": name} for name in dict.fromkeys(_tag(route.path) for route in self._routes)],
            "paths": paths,
            "components": {
                "securitySchemes": {
                    _SECURITY_SCHEME: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                },
                "headers": {name: {"required": True, **own} for name, own in _HEADERS.items()},
                "responses": dict(sorted(self._failures.items())),
                "schemas": dict(sorted(self._schemas.items())),
            },
        }

    # Schemas ------------------------------------------------------------------------------------------

    def _collect_schemas(self) -> None:
        """Let pydantic describe every type that an operation takes or returns, once."""
        used: dict[tuple[Any, str], None] = {(ErrorShape, "serialization"): None}
        for route in self._routes:
            for operation in route.api.operations.values():
                used |= dict.fromkeys((kind, "validation") for kind in operation.inputs.values() if _is_fields(kind))
                used |= dict.fromkeys(
                    (shape, "serialization") for answer in _answers(operation) for shape in get_args(answer)
                )
        _verify_unique(kind.__name__ for kind, mode in used if mode == "validation" and issubclass(kind, Body))
        # The text below a field becomes its description. Classes do not ask for it: pydantic would read their source.
        for kind in (*filter(is_typeddict, _shapes().values()), *(kind for kind, mode in used if mode == "validation")):
            own = getattr(kind, "__pydantic_config__", {})
            kind.__pydantic_config__ = {**own, "use_attribute_docstrings": True}
        keys = list(used)
        adapters = [(number, mode, TypeAdapter(kind)) for number, (kind, mode) in enumerate(keys)]
        found, rest = TypeAdapter.json_schemas(
            adapters,  # type: ignore[arg-type]  # the modes
            ref_template=_REFERENCE,
            schema_generator=Generator,
        )
        self._references = {keys[number]: _tidy(schema) for (number, _), schema in found.items()}
        self._schemas = {name: _tidy(schema) for name, schema in rest.get("$defs", {}).items()}

    def _input(self, kind: Any) -> Json:
        return self._references[kind, "validation"]

    def _shape(self, kind: Any) -> Json:
        return self._references[kind, "serialization"]

    def _resolved(self, schema: Json) -> Json:
        resolved: Json = self._schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        return resolved

    # Operations ---------------------------------------------------------------------------------------

    def _path(self, route: Route) -> Json:
        return {method.lower(): self._operation(route, own) for method, own in route.api.operations.items()}

    def _operation(self, route: Route, operation: Operation) -> Json:
        summary, _, description = (inspect.getdoc(operation.function) or "").partition("\n")
        kinds = operation.inputs.values()
        described: Json = {
            "operationId": camel_case(operation.function.__name__),
            "tags": [_tag(route.path)],
            "summary": summary.partition(". ")[0].removesuffix("."),
        }
        rest = [part for part in (summary.partition(". ")[2], description.strip()) if part]
        if rest:
            described["description"] = "\n\n".join(rest)
        if any(_is_a(kind, Caller) for kind in kinds):
            described["security"] = [{_SECURITY_SCHEME: []}]
        elif Visitor in kinds:
            described["security"] = [{}, {_SECURITY_SCHEME: []}]
        parameters = [*_path_parameters(route.path), *self._parameters(kinds)]
        if _is_conditional(operation):
            parameters += [
                _header_parameter("If-Match", '"1"', "Only these versions: 412 if none is current."),
                _header_parameter("If-None-Match", '"1"', "The version that you have: 304 if it is still current."),
            ]
        if parameters:
            described["parameters"] = parameters
        for kind in kinds:
            if _is_a(kind, Body):
                described["requestBody"] = self._body(kind)
        described["responses"] = self._responses(route, operation)
        return described

    def _parameters(self, kinds: Iterable[Any]) -> Iterator[Json]:
        for kind in kinds:
            if _is_a(kind, Query):
                schema = self._resolved(self._input(kind))
                for name, own in schema["properties"].items():
                    required = name in schema.get("required", ())
                    yield {"name": name, "in": "query", "required": required, **_described(_without_null(own))}
            for name, (shown, description) in getattr(kind, "headers", {}).items():
                yield _header_parameter(name, shown, description)

    def _body(self, kind: type[Body]) -> Json:
        schema = self._input(kind)
        resolved = self._resolved(schema)
        shown = kind.input_example or example(schema, self._schemas, complete=False)
        content = {"schema": schema, "example": shown}
        return {
            "description": inspect.getdoc(kind),
            "required": bool(resolved.get("required")),
            "content": dict.fromkeys(kind.media_types, content),
        }

    # Responses ----------------------------------------------------------------------------------------

    def _responses(self, route: Route, operation: Operation) -> Json:
        found: dict[HTTPStatus, Json] = {}
        for answer in _answers(operation):
            status, response = self._answer(route, answer)
            if status in found:
                found[status] = _either(found[status], response)
            else:
                found[status] = response
        if _is_conditional(operation):
            found[HTTPStatus.NOT_MODIFIED] = self._response(HTTPStatus.NOT_MODIFIED, {}, {"ETag": True})
        errors: dict[HTTPStatus, list[type[Error]]] = defaultdict(list)
        for error in [MethodNotAllowed] if route.api.redirects_errors else _errors(operation):
            errors[status_of(error)].append(error)
        if operation.limit is not None:
            for response in found.values():
                response["headers"] |= {name: _use(name, required=False) for name in _OF_LIMITS}
        if route.form is not None and operation.method == "POST":
            found |= {status: self._failure_of_form(status, kinds) for status, kinds in errors.items()}
        else:
            found |= {status: self._failure(status, kinds) for status, kinds in errors.items()}
        return {str(status.value): found[status] for status in sorted(found)}

    def _answer(self, route: Route, answer: Any) -> tuple[HTTPStatus, Json]:
        """Return the status and the description of a kind of response, such as `Data[PublicUser]`."""
        kind = get_origin(answer) or answer
        shape = self._shape(get_args(answer)[0]) if get_args(answer) else {}
        if get_args(answer) == (PublicSubmission,) and route.form is not None:
            shape = {"allOf": [shape, self._submitted(route.form.fields)]}
        success = {"success": {"const": True}}
        status, schema = HTTPStatus.OK, shape
        headers: tuple[str, ...] = ()
        if kind in {responses.Data, responses.Serialized}:
            schema = _object(success | {"data": shape})
        elif kind is responses.Versioned:
            schema, headers = _object(success | {"data": shape}), ("ETag",)
        elif kind is responses.Created:
            status, schema, headers = HTTPStatus.CREATED, _object(success | {"data": shape}), ("Location",)
        elif kind is responses.Page:
            cursor = {"type": ["string", "null"], "description": "For the next page; null on the last one."}
            listed = {"type": "array", "items": shape}
            schema, headers = _object(success | {"data": listed, "nextCursor": cursor}), ("Link",)
        elif kind in {responses.Success, responses.Accepted}:
            status = HTTPStatus.ACCEPTED if kind is responses.Accepted else HTTPStatus.OK
            schema = {"allOf": [_object(success), shape]}
        elif kind is responses.NoContent:
            status = HTTPStatus.NO_CONTENT
        elif kind is responses.SeeOther:
            status, headers = HTTPStatus.SEE_OTHER, ("Location",)
        elif kind is not responses.Plain:
            raise DeclarationError(f"{route.path}: {answer} is not a kind of response (shared.web.responses)")
        required = kind in {responses.Versioned, responses.SeeOther}
        return status, self._response(status, schema, dict.fromkeys(headers, required))

    def _submitted(self, fields: type[Fields]) -> Json:
        """Return the schema of a form's fields as they are stored: without the one that bots fill in."""
        schema = self._resolved(self._input(fields))
        properties = {name: own for name, own in schema["properties"].items() if name not in NOT_SUBMITTED}
        return {"type": "object", "properties": properties, "required": list(properties)}

    def _failure(self, status: HTTPStatus, errors: Sequence[type[Error]]) -> Json:
        """Return the description of the errors with this status. What many operations share is a component."""
        codes = list(dict.fromkeys(error.code for error in errors))
        if set(errors) == set(Caller.input_errors):
            return self._shared("NotSignedIn", lambda: self._described_failure(status, errors, codes))
        if len(codes) == 1:
            name = codes[0].title().replace("_", "")
            return self._shared(name, lambda: self._described_failure(status, errors, codes))
        return self._described_failure(status, errors, codes)

    def _failure_of_form(self, status: HTTPStatus, errors: Sequence[type[Error]]) -> Json:
        """Return the description of errors that browsers get as a page."""
        described = self._described_failure(status, errors, list(dict.fromkeys(error.code for error in errors)))
        described["content"]["text/html"] = {"schema": {"type": "string"}}
        return described

    def _shared(self, name: str, describe: Callable[[], Json]) -> Json:
        if name not in self._failures:
            self._failures[name] = describe()
        return {"$ref": f"#/components/responses/{name}"}

    def _described_failure(self, status: HTTPStatus, errors: Sequence[type[Error]], codes: Sequence[str]) -> Json:
        own = {"type": "object", "properties": {"code": {"enum": codes}}}
        schema = {"allOf": [self._shape(ErrorShape), own]}
        headers = dict.fromkeys(_OF_LIMITS, False)
        headers |= dict.fromkeys(_OF_STATUS.get(status, ()), True)
        if UnsupportedMediaType in errors:
            headers |= {"Accept-Encoding": False}
        response = self._response(status, schema, headers)
        response["description"] = " ".join(dict.fromkeys(_summary(error) for error in errors))
        content = response["content"][JSON]
        del content["example"]
        content["examples"] = {error.code: {"value": _example_of_error(error)} for error in errors}
        return response

    def _response(self, status: HTTPStatus, schema: Json, headers: Mapping[str, bool]) -> Json:
        described: Json = {
            "description": status.phrase,
            "headers": {
                **{name: _use(name, required=True) for name in _OF_EVERY_RESPONSE},
                **{name: _use(name, required=required) for name, required in headers.items()},
            },
        }
        if schema:
            described["content"] = {JSON: {"schema": schema, "example": example(schema, self._schemas)}}
        return described


# Declarations ---------------------------------------------------------------------------------------


def _shapes() -> dict[str, Any]:
    """Return every name of `shared.shapes`, which handlers import for types only."""
    modules = [import_module(f"{shapes.__name__}.{found.name}") for found in iter_modules(shapes.__path__)]
    return {name: value for module in modules for name, value in vars(module).items() if not name.startswith("_")}


def _answers(operation: Operation) -> list[Any]:
    """Return the kinds of responses that an operation declares, such as `Data[PublicUser]`."""
    names = {**_shapes(), **vars(responses), **operation.function.__globals__}
    annotation = operation.function.__annotations__.get("return")
    # Our own code: a handler's return type.
    answer = eval(annotation, names) if isinstance(annotation, str) else annotation  # noqa: S307  # nosec B307
    if get_origin(answer) in {Union, types.UnionType}:
        return list(get_args(answer))
    if answer is None or answer is Response:
        raise DeclarationError(f"{operation.function.__name__} does not declare its response: Data[…], Page[…]")
    return [answer]


def _is_conditional(operation: Operation) -> bool:
    """Return whether the operation evaluates If-Match and If-None-Match of a GET."""
    return operation.method == "GET" and any((get_origin(one) or one) is Versioned for one in _answers(operation))


def _errors(operation: Operation) -> list[type[Error]]:
    """Return the errors that an operation can respond with, each once: its own, those of its inputs, those of all."""
    of_inputs = [error for kind in operation.inputs.values() for error in getattr(kind, "input_errors", ())]
    of_limit = [TooManyRequests] if operation.limit is not None else []
    of_conditions = [Stale] if _is_conditional(operation) else []
    return list(dict.fromkeys([*of_inputs, *operation.errors, *of_limit, *of_conditions, *_OF_ALL]))


def _is_a(kind: Any, base: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, base)


def _is_fields(kind: Any) -> bool:
    return _is_a(kind, Body) or _is_a(kind, Query)


def _verify_unique(names: Iterable[str]) -> None:
    seen = set()
    for name in names:
        if name in seen:
            raise DeclarationError(f"Two handlers declare {name}: rename one, it has to be unique in the document")
        seen.add(name)


# Parts of the document ------------------------------------------------------------------------------


def _tag(path: str) -> str:
    return path.removeprefix("/api/").strip("/").partition("/")[0].removeprefix(".")


def _path_parameters(path: str) -> list[Json]:
    schema = TypeAdapter(Id).json_schema()
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "examples": schema["examples"]}}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _header_parameter(name: str, shown: str, description: str) -> Json:
    schema = {"type": "string", "examples": [shown]}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _described(schema: Json) -> Json:
    """Return the schema of a parameter, with its description beside it."""
    schema = dict(schema)
    description = schema.pop("description", None)
    return {**({"description": description} if description else {}), "schema": schema}


def _without_null(schema: Json) -> Json:
    """Return the schema of an optional parameter, which is left out rather than null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if not choices:
        return schema
    rest = {name: value for name, value in schema.items() if name != "anyOf" and (name, value) != ("default", None)}
    return {**(choices[0] if len(choices) == 1 else {"anyOf": choices}), **rest}


def _object(properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}


def _either(one: Json, other: Json) -> Json:
    """Return the description of a status that has two kinds of bodies."""
    schemas = [response["content"][JSON]["schema"] for response in (one, other)]
    content = {**one["content"][JSON], "schema": {"anyOf": schemas}}
    return {**one, "headers": {**one["headers"], **other["headers"]}, "content": {JSON: content}}


def _use(name: str, *, required: bool) -> Json:
    return {"$ref": f"#/components/headers/{name}"} if required else {**_HEADERS[name], "required": False}


def _summary(error: type[Error]) -> str:
    return (inspect.getdoc(error) or "").partition("\n\n")[0].replace("\n", " ")


def _example_of_error(error: type[Error]) -> Json:
    body: Json = {"success": False, "message": "", "code": error.code, "requestId": "MkR13hYRjoEEPwA="}
    if error is InvalidInput:
        body |= {"message": "email: is required", "errors": [{"field": "email", "message": "is required"}]}
    elif error is MethodNotAllowed:
        body["message"] = MethodNotAllowed("PUT", []).message
    elif error is UnsupportedMediaType:
        body["message"] = UnsupportedMediaType(JSON).message
    else:
        body["message"] = error.message
    if error is ReauthenticationRequired:
        body["methods"] = ["password"]
    elif error is MfaRequired:
        body["mfa"] = {"token": "AQ" + "A" * 100, "methods": ["totp", "recovery_code"], "expiresIn": 300}
    return body


def _tidy(schema: Any) -> Any:
    """Return pydantic's schema without the titles that it makes from names."""
    if isinstance(schema, list):
        return [_tidy(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    is_schema = "properties" not in schema or isinstance(schema.get("type"), str)
    return {
        name: {key: _tidy(own) for key, own in value.items()} if name == "properties" else _tidy(value)
        for name, value in schema.items()
        if not (is_schema and name == "title" and isinstance(value, str))
    }
