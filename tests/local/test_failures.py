"""Failing functions: the caller gets API Gateway's response, the terminal the reason, and the next request works."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.local.harness import RunnerProcess, alive, eventually

pytestmark = pytest.mark.thorough

INTERNAL = {"message": "Internal Server Error"}


def works(runner: RunnerProcess) -> bool:
    return runner.get("/trouble/fine").status == 200


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("raise", "RuntimeError: as asked"),
        ("exit", "SystemExit: 3"),
        ("die", "its worker died"),
        ("set", "TypeError: Object of type set is not JSON serializable"),
        ("status", "it did not return a response"),
        ("headers", "it did not return a response"),
    ],
)
def test_failing_function_answers_502(runner: RunnerProcess, kind: str, reason: str) -> None:
    answer = runner.get(f"/trouble/{kind}")
    assert (answer.status, answer.json) == (502, INTERNAL)
    runner.wait_for_line(rf"GET /trouble/{kind} 502 .*TroubleFunction: .*{reason}")
    assert works(runner)


def test_flooded_function_answers_503_and_blocks_no_other(runner: RunnerProcess) -> None:
    before = runner.line_count
    with ThreadPoolExecutor(300) as threads:
        flood = [threads.submit(runner.get, "/trouble/hang") for _ in range(300)]
        runner.wait_for_line("/trouble/hang 503", after=before)
        assert runner.get("/echo").status == 200
        assert runner.get("/_local/").status == 200
        assert not all(request.done() for request in flood)
        rejected = next(request.result() for request in flood if request.result().status == 503)
    assert rejected.json == {"message": "Service Unavailable"}
    assert works(runner)


def test_traceback_begins_in_the_function(runner: RunnerProcess) -> None:
    runner.get("/trouble/raise")
    runner.wait_for_line(r"TroubleFunction \| RuntimeError: as asked")
    assert "local/functions/worker.py" not in runner.output


def test_function_past_its_timeout_answers_504(runner: RunnerProcess) -> None:
    answer = runner.get("/trouble/hang")
    assert (answer.status, answer.json) == (504, {"message": "Endpoint request timed out"})
    runner.wait_for_line(r"GET /trouble/hang 504 .*TroubleFunction: it did not answer within its 1 s")
    assert works(runner)


def test_import_that_fails_is_retried_at_the_next_request(runner: RunnerProcess) -> None:
    for _ in range(2):
        answer = runner.get("/broken")
        assert (answer.status, answer.json) == (502, INTERNAL)
    runner.wait_for_line(r"BrokenFunction \| ImportError: no such thing")


def test_output_of_a_function_is_in_the_terminal_and_not_in_the_response(runner: RunnerProcess) -> None:
    answer = runner.get("/trouble/print")
    assert answer.body.isdigit()
    runner.wait_for_line(r"^TroubleFunction \| printed by the handler$")
    runner.wait_for_line(r"^TroubleFunction \| written past Python$")


def test_idle_worker_that_was_killed_is_replaced(runner: RunnerProcess) -> None:
    pid = runner.get("/echo").json["pid"]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not alive(pid), what="the worker to end")
    answer = runner.get("/echo")
    assert answer.status == 200
    assert answer.json["pid"] != pid


def test_worker_killed_during_a_request_fails_only_that_request(runner: RunnerProcess) -> None:
    before = runner.line_count
    with ThreadPoolExecutor() as threads:
        hanging = threads.submit(runner.get, "/trouble/hang")
        pid = int(runner.wait_for_line(r"hanging in (\d+)", after=before)[1])
        os.kill(pid, signal.SIGKILL)
        assert hanging.result().status == 502
    assert works(runner)


def test_workers_are_reused_and_isolated(runner: RunnerProcess) -> None:
    first, second = runner.get("/echo").json, runner.get("/echo").json
    assert first["pid"] == second["pid"]
    assert int(runner.get("/trouble/fine").body) != first["pid"]
    about = second["environment"]
    assert about["AWS_LAMBDA_FUNCTION_NAME"] == "EchoFunction"
    assert about["NOTES_TABLE"] == "NotesTable"
    assert about["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert second["folder"].endswith("functions/echo")
    assert (second["function"], second["memory"]) == ("EchoFunction", "128")
    assert 0 < second["remaining"] <= 5000


def test_function_gets_the_parameters_and_no_variables_of_the_shell(start: Callable[..., RunnerProcess]) -> None:
    shell = {"AWS_PROFILE": "mine", "SECRET_OF_THIS_SHELL": "x", "RATE_LIMIT_MULTIPLIER": "7"}
    runner = start("--parameter-overrides", "Greeting=good day", **shell).ready()
    environment = runner.get("/echo").json["environment"]
    assert environment["GREETING"] == "good day"
    assert environment["RATE_LIMIT_MULTIPLIER"] == "7"
    assert not {"AWS_PROFILE", "SECRET_OF_THIS_SHELL"} & environment.keys()


def test_concurrent_requests_use_several_workers(runner: RunnerProcess) -> None:
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: runner.get("/echo"), range(48)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["requestId"] for answer in answers}) == 48
    assert len({answer.json["pid"] for answer in answers}) <= 4
