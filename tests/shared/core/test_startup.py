"""How an execution environment begins."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from shared.core import startup
from shared.web.api import Api
from shared.web.inputs import Body, Query
from shared.web.responses import Response
from tests.support import ROOT

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


@pytest.fixture
def before_snapshot(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], Any]]:
    """What is to be done before a snapshot: Lambda's runtime with SnapStart, as far as it is called."""
    registered: list[Callable[[], Any]] = []

    def register(function: Callable[..., Any], *values: Any) -> None:
        registered.append(partial(function, *values))

    monkeypatch.setitem(sys.modules, "snapshot_restore_py", SimpleNamespace(register_before_snapshot=register))
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    return registered


class Form(Body):
    """A body."""

    name: str


class Page(Query):
    """A query."""

    limit: int = 20


def form_api(*, readable: bool) -> None:
    """Declare a path that takes a form, and can be read or not."""
    api = Api("/api/forms")
    if readable:

        @api.get
        def read(page: Page) -> Response: ...  # type: ignore[empty-body]

    @api.post
    def send(form: Form) -> Response: ...  # type: ignore[empty-body]


@pytest.fixture(autouse=True)
def unprepared(environment: Mapping[str, str]) -> None:  # noqa: ARG001  # an Api reads it
    """Nothing has been made that fills bodies."""
    Body.prepare.__func__.cache_clear()  # type: ignore[attr-defined]  # a cached class method


def prepared() -> int:
    size: int = Body.prepare.__func__.cache_info().currsize  # type: ignore[attr-defined]  # a cached class method
    return size


def test_a_path_that_takes_forms_alone_prepares_for_them_at_once() -> None:
    form_api(readable=False)
    assert prepared() == 1


def test_a_path_that_can_be_read_waits_for_the_first_form() -> None:
    form_api(readable=True)
    assert prepared() == 0


def test_a_snapshot_holds_what_reading_could_do_without(before_snapshot: list[Callable[[], Any]]) -> None:
    form_api(readable=True)
    for prepare in before_snapshot:
        prepare()
    assert (len(before_snapshot), prepared()) == (2, 2)


def test_provisioned_concurrency_prepares_for_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "provisioned-concurrency")
    form_api(readable=True)
    assert prepared() == 2


def test_otherwise_nothing_is_prepared_ahead(
    before_snapshot: list[Callable[[], Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    startup.prepare_ahead(pytest.fail)
    assert before_snapshot == []
