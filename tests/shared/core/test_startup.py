"""The cold start of an execution environment: garbage collection, and which inputs it loads."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from shared.web.api import Api, Method
from shared.web.inputs import Body, Query
from shared.web.responses import Data, Response
from tests.support import ROOT
from tests.support.api import event

# As on Lambda: the function's folder is first on the path, and its module is named `app`.
_PROGRAM = """
import gc, json
import shared
disabled = not gc.isenabled()
collections = lambda: sum(generation["collections"] for generation in gc.get_stats())
before = collections()
import app
from shared.core import aws
print(json.dumps({
    "disabled": disabled, "collections": collections() - before, "enabled again": gc.isenabled(),
    "allocated since": gc.get_count()[0], "clients": aws.dynamodb.cache_info().currsize,
}))
"""


def cold_start(function: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Import a function in a new process. Return its measurements."""
    path = f"{ROOT / 'functions' / function}:{ROOT / 'layers/shared'}"
    command = [sys.executable, "-c", _PROGRAM]
    completed = subprocess.run(
        command, env={**environment, "PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    measured: dict[str, Any] = json.loads(completed.stdout)
    return measured


@pytest.mark.parametrize("function", ["auth/login/index", "auth/me", "contact", "jobs/redrive_emails"])
def test_cold_start_collects_no_garbage_and_creates_a_client(function: str, variables: Mapping[str, str]) -> None:
    measured = cold_start(function, {**variables, "AWS_LAMBDA_FUNCTION_NAME": "function"})
    # Only the function's own objects: garbage collection ignores what was imported before them.
    assert measured.pop("allocated since") < 2000
    assert measured == {"disabled": True, "collections": 0, "enabled again": True, "clients": 1}


def test_garbage_collection_stays_enabled_outside_lambda(variables: Mapping[str, str]) -> None:
    assert not cold_start("auth/me", variables)["disabled"]


class Form(Body):
    name: str


class Loaded(Query):
    """An input that records when it is loaded."""

    loads: ClassVar[list[str]] = []

    @classmethod
    def load(cls) -> None:
        cls.loads.append("query")


@pytest.fixture(autouse=True)
def nothing_loaded(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001  # Api reads it
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
        return Data(form.name)

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
def test_environment_started_ahead_of_requests_loads_everything(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", kind)
    declare("GET", first="GET")
    assert loaded() == {"query", "body"}


def test_on_demand_environment_loads_only_what_the_usual_verb_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    declare("POST", first="GET")
    assert loaded() == {"body"}
