"""What goes wrong in a function: the caller gets API Gateway's answer, the terminal says why, the next request works."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.local.harness import Running, alive, eventually

INTERNAL = {"message": "Internal Server Error"}


def works(running: Running) -> bool:
    return running.get("/trouble/fine").status == 200


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("raise", "RuntimeError: as asked"),
        ("exit", "SystemExit: 3"),
        ("die", "its worker died"),
        ("set", "TypeError: Object of type set is not JSON serializable"),
        ("status", "its answer is not a response"),
        ("headers", "its answer is not a response"),
    ],
)
def test_a_function_that_fails_is_a_bad_gateway(running: Running, kind: str, said: str) -> None:
    answer = running.get(f"/trouble/{kind}")
    assert (answer.status, answer.json) == (502, INTERNAL)
    running.says(rf"GET /trouble/{kind} 502 .*TroubleFunction: .*{said}")
    assert works(running)


def test_a_traceback_begins_in_the_function(running: Running) -> None:
    running.get("/trouble/raise")
    running.says(r"TroubleFunction \| RuntimeError: as asked")
    assert "local/worker.py" not in running.output


def test_a_function_past_its_timeout_is_a_gateway_timeout(running: Running) -> None:
    answer = running.get("/trouble/hang")
    assert (answer.status, answer.json) == (504, {"message": "Endpoint request timed out"})
    running.says(r"GET /trouble/hang 504 .*TroubleFunction: it did not answer within its 1 s")
    assert works(running)


def test_a_handler_that_cannot_be_imported_is_tried_again(running: Running) -> None:
    for _ in range(2):
        answer = running.get("/broken")
        assert (answer.status, answer.json) == (502, INTERNAL)
    running.says(r"BrokenFunction \| ImportError: no such thing")


def test_what_a_function_prints_is_in_the_terminal_and_not_in_its_answer(running: Running) -> None:
    answer = running.get("/trouble/print")
    assert answer.body.isdigit()
    running.says(r"^TroubleFunction \| printed by the handler$")
    running.says(r"^TroubleFunction \| written past Python$")


def test_an_idle_worker_that_was_killed_is_replaced_unnoticed(running: Running) -> None:
    pid = running.get("/echo").json["pid"]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not alive(pid), what="the worker to end")
    answer = running.get("/echo")
    assert answer.status == 200
    assert answer.json["pid"] != pid


def test_a_worker_killed_at_its_request_costs_that_request_only(running: Running) -> None:
    before = running.line_count
    with ThreadPoolExecutor() as threads:
        hanging = threads.submit(running.get, "/trouble/hang")
        pid = int(running.says(r"hanging in (\d+)", after=before)[1])
        os.kill(pid, signal.SIGKILL)
        assert hanging.result().status == 502
    assert works(running)


def test_workers_are_kept_and_share_nothing(running: Running) -> None:
    first, second = running.get("/echo").json, running.get("/echo").json
    assert first["pid"] == second["pid"]
    assert int(running.get("/trouble/fine").body) != first["pid"]
    about = second["environment"]
    assert about["AWS_LAMBDA_FUNCTION_NAME"] == "EchoFunction"
    assert about["NOTES_TABLE"] == "NotesTable"
    assert about["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert second["folder"].endswith("functions/echo")
    assert (second["function"], second["memory"]) == ("EchoFunction", "128")
    assert 0 < second["remaining"] <= 5000


def test_nothing_of_this_shell_reaches_a_function(start: Callable[..., Running]) -> None:
    running = start(AWS_PROFILE="mine", SECRET_OF_THIS_SHELL="x").ready()
    environment = running.get("/echo").json["environment"]
    assert not {"AWS_PROFILE", "SECRET_OF_THIS_SHELL"} & environment.keys()


def test_parameters_come_from_the_command_line_and_the_environment(start: Callable[..., Running]) -> None:
    running = start("--parameter-overrides", "Greeting=good day", RATE_LIMIT_MULTIPLIER="7").ready()
    environment = running.get("/echo").json["environment"]
    assert environment["GREETING"] == "good day"
    assert environment["RATE_LIMIT_MULTIPLIER"] == "7"


def test_requests_at_once_are_answered_by_several_workers(running: Running) -> None:
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: running.get("/echo"), range(48)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["requestId"] for answer in answers}) == 48
    assert len({answer.json["pid"] for answer in answers}) <= 4


def test_saved_code_is_live_at_the_next_request(start: Callable[..., Running], project: Path) -> None:
    running = start().ready()
    other = int(running.get("/trouble/fine").body)
    assert running.get("/echo").json["message"] == "first"
    file = project / "functions/echo/app.py"
    file.write_text(file.read_text().replace('"first"', '"second"'))
    eventually(lambda: running.get("/echo").json["message"] == "second", what="the new code")
    assert int(running.get("/trouble/fine").body) == other, "only the function that changed gets new workers"


def test_a_saved_layer_is_live_in_every_function(start: Callable[..., Running], project: Path) -> None:
    running = start().ready()
    assert running.get("/echo").json["layer"] == "1"
    file = project / "layers/common/common/__init__.py"
    file.write_text(file.read_text().replace('"1"', '"2"'))
    eventually(lambda: running.get("/echo").json["layer"] == "2", what="the new layer")


def test_code_that_breaks_and_is_mended(start: Callable[..., Running], project: Path) -> None:
    running = start().ready()
    file = project / "functions/echo/app.py"
    good = file.read_text()
    file.write_text("def handler(:\n")
    eventually(lambda: running.get("/echo").status == 502, what="the broken code")
    running.says(r"EchoFunction \| SyntaxError")
    file.write_text(good)
    eventually(lambda: running.get("/echo").status == 200, what="the mended code")


def test_a_request_in_progress_ends_with_the_code_it_began_with(start: Callable[..., Running], project: Path) -> None:
    running = start().ready()
    file = project / "functions/trouble/app.py"
    file.write_text(file.read_text().replace("time.sleep(60)", "time.sleep(0.7)"))
    running.says("Changed: TroubleFunction")
    before = running.line_count
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(running.get, "/trouble/hang")
        running.says("hanging in", after=before)
        file.write_text(file.read_text() + "\n")
        running.says("Changed: TroubleFunction", after=before)
        assert slow.result().status == 200
    assert works(running)


def test_a_broken_template_is_named_and_the_old_one_served_on(start: Callable[..., Running], project: Path) -> None:
    running = start().ready()
    template = project / "template.yaml"
    good = template.read_text()
    template.write_text(good.replace("!Ref NotesTable", "!Ref NoSuchTable"))
    running.says(r"The template refers to NoSuchTable, which it does not declare .* served on")
    assert running.get("/echo").status == 200
    template.write_text(good + "\n  - [")
    running.says(r"template.yaml cannot be read: .* served on")
    assert running.get("/echo").status == 200
    template.write_text(good.replace("Path: /echo,", "Path: /elsewhere,"))
    eventually(lambda: running.get("/elsewhere").status == 200, what="the new route")
    assert running.get("/echo").status == 404


def test_a_new_function_and_a_new_table_are_there_after_saving(start: Callable[..., Running], project: Path) -> None:
    running = start().ready()
    template = project / "template.yaml"
    new_table = "  MoreTable:" + template.read_text().split("  NotesTable:")[1].split("\n\n")[0]
    new_function = (
        "\n\n  MoreFunction:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: functions/write\n"
        "      Events:\n        Any: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /more/{table}, Method: POST}}\n"
    )
    template.write_text(
        template.read_text().rstrip() + "\n\n" + new_table + new_function.replace("/more/{table}", '"/more/{table}"')
    )
    running.says("The template has changed and is served as it is now")
    assert running.post("/more/MoreTable", {"id": "1"}).status == 201
