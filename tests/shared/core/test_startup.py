"""How an execution environment begins."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from shared.web.api import Api, Method
from shared.web.inputs import Body, Query
from shared.web.responses import Response, data
from tests.support import ROOT
from tests.support.api import event

# As Lambda does it: the function's folder comes first, and its module is called `app`.
_PROGRAM = """
import gc, json
import shared
switched_off = not gc.isenabled()
collections = lambda: sum(generation["collections"] for generation in gc.get_stats())
before = collections()
import app
from shared.core import aws
print(json.dumps({
    "switched off": switched_off, "collections": collections() - before, "switched on": gc.isenabled(),
    "looked at again": gc.get_count()[0], "clients": aws.dynamodb.cache_info().currsize,
}))
"""


def started(function: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Import a function in a process of its own."""
    path = f"{ROOT / 'functions' / function}:{ROOT / 'layers/shared'}"
    command = [sys.executable, "-c", _PROGRAM]
    done = subprocess.run(command, env={**environment, "PYTHONPATH": path}, capture_output=True, text=True, check=True)
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.mark.parametrize("function", ["auth/login", "auth/me", "contact", "jobs/redrive_emails"])
def test_the_start_collects_no_garbage_on_lambda_and_leaves_a_client(
    function: str, variables: Mapping[str, str]
) -> None:
    seen = started(function, {**variables, "AWS_LAMBDA_FUNCTION_NAME": "function"})
    # What the function's own few lines made since.
    assert seen.pop("looked at again") < 2000
    assert seen == {"switched off": True, "collections": 0, "switched on": True, "clients": 1}


def test_elsewhere_the_package_leaves_the_collector_alone(variables: Mapping[str, str]) -> None:
    assert not started("auth/me", variables)["switched off"]


class Form(Body):
    """A body."""

    name: str


class Loaded(Query):
    """An input that notes when it is loaded."""

    loads: ClassVar[list[str]] = []

    @classmethod
    def load(cls) -> None:
        cls.loads.append("query")


@pytest.fixture(autouse=True)
def nothing_loaded(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001  # an Api reads it
    Body._adapter.__func__.cache_clear()  # type: ignore[attr-defined]  # a cached class method
    monkeypatch.setattr(Loaded, "loads", [])


def loaded() -> set[str]:
    """Return which of the two inputs are loaded."""
    bodies: int = Body._adapter.__func__.cache_info().currsize  # type: ignore[attr-defined]  # a cached class method
    return {*Loaded.loads, *(["body"] if bodies else [])}


def declare(mostly: Method | None, first: Method) -> Api:
    """Declare a path that reads a query with GET and a body with POST, in either order."""
    api = Api("/api/forms", mostly=mostly)

    def read(page: Loaded) -> Response: ...  # type: ignore[empty-body]

    def send(form: Form) -> Response:
        return data(form.name)

    verbs: list[tuple[Any, Any]] = [(api.get, read), (api.post, send)]
    for decorate, operation in verbs if first == "GET" else reversed(verbs):
        decorate(operation)
    return api


@pytest.mark.parametrize("first", ["GET", "POST"])
@pytest.mark.parametrize(("mostly", "expected"), [(None, {"query", "body"}), ("GET", {"query"}), ("POST", {"body"})])
def test_cold_start_loads_what_the_usual_verb_needs(mostly: Method | None, first: Method, expected: set[str]) -> None:
    declare(mostly, first)
    assert loaded() == expected


def test_first_request_of_another_verb_loads_the_rest() -> None:
    api = declare("GET", first="GET")
    request = event("POST", "/api/forms", '{"name": "Ada"}', {"content-type": "application/json"})
    assert api.handler(request, None)["statusCode"] == 200
    assert loaded() == {"query", "body"}


@pytest.mark.parametrize("kind", ["snap-start", "provisioned-concurrency"])
def test_environment_started_ahead_loads_everything(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
    declare("GET", first="GET")
    assert loaded() == {"query", "body"}


def test_on_demand_environment_loads_only_what_the_usual_verb_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    declare("POST", first="GET")
    assert loaded() == {"body"}
