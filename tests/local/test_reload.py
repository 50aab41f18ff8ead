"""Reload: the next requests use the code, the layer and the template as saved."""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.local.conftest import copy_project
from tests.local.harness import INVALID_PATHS, RunnerProcess, eventually

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def project_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy that these tests change. They run in any order, so each restores what others depend on."""
    return copy_project(tmp_path_factory.mktemp("changing"))


@pytest.fixture(scope="module")
def runner(project_copy: Path) -> Iterator[RunnerProcess]:
    with RunnerProcess(project_copy / "template.yaml", project_copy.parent / "data") as runner:
        yield runner.ready()


def save_message(project_copy: Path, message: str) -> Path:
    file = project_copy / "functions/echo/app.py"
    file.write_text(re.sub(r'MESSAGE = "\w+"', f'MESSAGE = "{message}"', file.read_text()))
    return file


def test_saved_code_serves_the_next_request(runner: RunnerProcess, project_copy: Path) -> None:
    other = int(runner.get("/trouble/fine").body)
    assert runner.get("/echo").json["message"] != "saved"
    save_message(project_copy, "saved")
    eventually(lambda: runner.get("/echo").json["message"] == "saved", what="the new code")
    assert int(runner.get("/trouble/fine").body) == other, "only the changed function gets new workers"


def test_two_saves_within_a_second_both_take_effect(runner: RunnerProcess, project_copy: Path) -> None:
    """A .pyc file identifies its source by size and whole second: one made of the first save would hide the next."""
    second = int((project_copy / "functions/echo/app.py").stat().st_mtime) + 1
    for number, text in enumerate(("early", "later")):
        file = save_message(project_copy, text)
        os.utime(file, ns=(0, second * 10**9 + number))
        eventually(lambda text=text: runner.get("/echo").json["message"] == text, what=f"save {number}")  # type: ignore[misc]


def test_saved_layer_is_used_by_every_function(runner: RunnerProcess, project_copy: Path) -> None:
    assert runner.get("/echo").json["layer"] == "1"
    file = project_copy / "layers/common/common/__init__.py"
    file.write_text(file.read_text().replace('"1"', '"2"'))
    eventually(lambda: runner.get("/echo").json["layer"] == "2", what="the new layer")


def test_broken_code_answers_502_until_corrected(runner: RunnerProcess, project_copy: Path) -> None:
    file = project_copy / "functions/echo/app.py"
    good = file.read_text()
    file.write_text("def handler(:\n")
    eventually(lambda: runner.get("/echo").status == 502, what="the broken code")
    runner.wait_for_line(r"EchoFunction \| SyntaxError")
    file.write_text(good)
    eventually(lambda: runner.get("/echo").status == 200, what="the corrected code")


def test_request_in_progress_completes_on_the_old_code(runner: RunnerProcess, project_copy: Path) -> None:
    file = project_copy / "functions/trouble/app.py"
    file.write_text(file.read_text().replace("time.sleep(60)", "time.sleep(0.7)"))
    runner.wait_for_line("Reloaded .*TroubleFunction")
    before = runner.line_count
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(runner.get, "/trouble/hang")
        runner.wait_for_line("hanging in", after=before)
        file.write_text(file.read_text() + "\n")
        runner.wait_for_line("Reloaded .*TroubleFunction", after=before)
        assert slow.result().status == 200
    assert runner.get("/trouble/fine").status == 200


def test_invalid_template_is_reported_and_the_previous_one_served(runner: RunnerProcess, project_copy: Path) -> None:
    template = project_copy / "template.yaml"
    good = template.read_text()
    template.write_text(good.replace("!Ref NotesTable", "!Ref NoSuchTable"))
    runner.wait_for_line(
        r"The template refers to NoSuchTable, which it does not declare .* goes on with the last valid"
    )
    assert runner.get("/echo").status == 200
    template.write_text(good + "\n  - [")
    runner.wait_for_line(r"template.yaml cannot be read: .* goes on with the last valid")
    assert runner.get("/echo").status == 200
    template.write_text(good.replace("Path: /echo,", "Path: /elsewhere,"))
    eventually(lambda: runner.get("/elsewhere").status == 200, what="the new route")
    assert runner.get("/echo").status == 404
    template.write_text(good)
    eventually(lambda: runner.get("/echo").status == 200, what="the old route")


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("Timeout: 5", "Timeout: soon", "template.yaml cannot be read: ValueError"),
        ("AllowOrigins: [http://app.test]", "AllowOrigins: 5", "template.yaml cannot be read: TypeError"),
        *(("Path: /broken", f"Path: '{path}'", "The template has an invalid route") for path in INVALID_PATHS),
        ("{AttributeName: id, KeyType: HASH}", "{KeyType: HASH}", "exists with different keys"),
    ],
)
def test_corrected_template_is_reloaded_after_any_mistake(
    runner: RunnerProcess, project_copy: Path, old: str, new: str, error: str
) -> None:
    template = project_copy / "template.yaml"
    good = template.read_text()
    before = runner.line_count
    template.write_text(good.replace(old, new))
    runner.wait_for_line(f"{error}.* goes on with the last valid", after=before)
    assert runner.get("/echo").status == 200
    before = runner.line_count
    template.write_text(good)
    runner.wait_for_line("Reloaded template.yaml", after=before)
    assert not re.search(r"(?m)^Traceback", runner.output)


def test_new_function_and_table_are_created_on_save(runner: RunnerProcess, project_copy: Path) -> None:
    template = project_copy / "template.yaml"
    new_table = "  MoreTable:" + template.read_text().split("  NotesTable:")[1].split("\n\n")[0]
    new_function = (
        "\n\n  MoreFunction:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: functions/write\n"
        "      Events:\n"
        '        Any: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: "/more/{table}", Method: POST}}\n'
    )
    template.write_text(template.read_text().rstrip() + "\n\n" + new_table + new_function)
    eventually(lambda: runner.post("/more/MoreTable", {"id": "1"}).status == 201, what="the new function")


def test_handler_without_a_block_is_reported_until_it_has_one(runner: RunnerProcess, project_copy: Path) -> None:
    reported = r"functions/greet/app.py has no block in template.yaml: /greet is not found"
    template = project_copy / "template.yaml"
    good = template.read_text()
    assert runner.get("/greet").json["message"] == "Not Found"

    file = project_copy / "functions/greet/app.py"
    file.parent.mkdir()
    file.write_text('api = Api("/greet")\n')
    runner.wait_for_line(reported)
    assert runner.get("/greet").json["message"].startswith("functions/greet/app.py has no block in template.yaml")
    assert "\n  GreetFunction:\n" in runner.get("/greet", Accept="text/html").body.decode()

    before = runner.line_count
    save_message(project_copy, "unrelated")
    runner.wait_for_line("Reloaded EchoFunction", after=before)
    template.write_text(good + "\n")
    runner.wait_for_line("Reloaded template.yaml", after=before)
    runner.wait_for_line(reported, after=before)
    again = "\n".join(runner.output.splitlines()[before:])
    assert again.count("has no block") == 1, "it is repeated with the template only"

    file.write_text(
        "def handler(_event, _context):\n    return {'statusCode': 200, 'body': 'hello'}\n" + file.read_text()
    )
    file.write_text(file.read_text().replace("api = ", "# api = "))
    eventually(lambda: runner.get("/greet").json["message"] == "Not Found", what="a handler without a path")
    block = (
        "\n\n  GreetFunction:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: functions/greet\n"
        "      Events:\n        Any: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /greet, Method: ANY}}\n"
    )
    template.write_text(good.rstrip() + block)
    eventually(lambda: runner.get("/greet").body == b"hello", what="the function")
    template.write_text(good)
    eventually(lambda: runner.get("/greet").status == 404, what="the template as before")


def test_settings_apply_when_they_are_saved(runner: RunnerProcess, project_copy: Path) -> None:
    settings = project_copy / ".env.local"
    settings.write_text("Greeting=bonjour\n")
    eventually(lambda: runner.get("/echo").json["environment"]["GREETING"] == "bonjour", what="the parameter's value")
    runner.wait_for_line(r"Reloaded \.env\.local")
    settings.write_text("Greting=hallo\n")
    runner.wait_for_line(r"line 1: .* Did you mean Greeting\? The runner goes on with the last valid")
    assert runner.get("/echo").json["environment"]["GREETING"] == "bonjour"
    settings.unlink()
    eventually(lambda: runner.get("/echo").json["environment"]["GREETING"] == "hello", what="the template's default")


def test_secret_of_the_settings_is_stored_where_functions_read_it(runner: RunnerProcess, project_copy: Path) -> None:
    settings = project_copy / ".env.local"
    settings.write_text("PlainSecret=mine\n")

    def value() -> str:
        return str(runner.aws.call("secretsmanager", "GetSecretValue", {"SecretId": "PlainSecret"})["SecretString"])

    eventually(lambda: value() == "mine", what="the secret's value")
    settings.unlink()
