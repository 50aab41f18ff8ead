"""Reload: the next requests use the code, the layer and the template as saved."""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.local.conftest import copy_project
from tests.local.harness import Running, eventually

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy that these tests change. They run in any order, so each restores what others depend on."""
    return copy_project(tmp_path_factory.mktemp("changing"))


@pytest.fixture(scope="module")
def running(project: Path) -> Iterator[Running]:
    with Running(project / "template.yaml", project.parent / "data") as running:
        yield running.ready()


def save_message(project: Path, message: str) -> Path:
    file = project / "functions/echo/app.py"
    file.write_text(re.sub(r'MESSAGE = "\w+"', f'MESSAGE = "{message}"', file.read_text()))
    return file


def test_saved_code_serves_the_next_request(running: Running, project: Path) -> None:
    other = int(running.get("/trouble/fine").body)
    assert running.get("/echo").json["message"] != "saved"
    save_message(project, "saved")
    eventually(lambda: running.get("/echo").json["message"] == "saved", what="the new code")
    assert int(running.get("/trouble/fine").body) == other, "only the changed function gets new workers"


def test_two_saves_within_a_second_both_take_effect(running: Running, project: Path) -> None:
    """A .pyc file identifies its source by size and whole second: one made of the first save would hide the next."""
    second = int((project / "functions/echo/app.py").stat().st_mtime) + 1
    for number, text in enumerate(("early", "later")):
        file = save_message(project, text)
        os.utime(file, ns=(0, second * 10**9 + number))
        eventually(lambda text=text: running.get("/echo").json["message"] == text, what=f"save {number}")  # type: ignore[misc]


def test_saved_layer_is_used_by_every_function(running: Running, project: Path) -> None:
    assert running.get("/echo").json["layer"] == "1"
    file = project / "layers/common/common/__init__.py"
    file.write_text(file.read_text().replace('"1"', '"2"'))
    eventually(lambda: running.get("/echo").json["layer"] == "2", what="the new layer")


def test_broken_code_answers_502_until_corrected(running: Running, project: Path) -> None:
    file = project / "functions/echo/app.py"
    good = file.read_text()
    file.write_text("def handler(:\n")
    eventually(lambda: running.get("/echo").status == 502, what="the broken code")
    running.says(r"EchoFunction \| SyntaxError")
    file.write_text(good)
    eventually(lambda: running.get("/echo").status == 200, what="the corrected code")


def test_request_in_progress_completes_on_the_old_code(running: Running, project: Path) -> None:
    file = project / "functions/trouble/app.py"
    file.write_text(file.read_text().replace("time.sleep(60)", "time.sleep(0.7)"))
    running.says("Reloaded .*TroubleFunction")
    before = running.line_count
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(running.get, "/trouble/hang")
        running.says("hanging in", after=before)
        file.write_text(file.read_text() + "\n")
        running.says("Reloaded .*TroubleFunction", after=before)
        assert slow.result().status == 200
    assert running.get("/trouble/fine").status == 200


def test_invalid_template_is_named_and_the_previous_one_served(running: Running, project: Path) -> None:
    template = project / "template.yaml"
    good = template.read_text()
    template.write_text(good.replace("!Ref NotesTable", "!Ref NoSuchTable"))
    running.says(r"The template refers to NoSuchTable, which it does not declare .* previous template is served")
    assert running.get("/echo").status == 200
    template.write_text(good + "\n  - [")
    running.says(r"template.yaml cannot be read: .* previous template is served")
    assert running.get("/echo").status == 200
    template.write_text(good.replace("Path: /echo,", "Path: /elsewhere,"))
    eventually(lambda: running.get("/elsewhere").status == 200, what="the new route")
    assert running.get("/echo").status == 404
    template.write_text(good)
    eventually(lambda: running.get("/echo").status == 200, what="the old route")


def test_new_function_and_table_are_created_on_save(running: Running, project: Path) -> None:
    template = project / "template.yaml"
    new_table = "  MoreTable:" + template.read_text().split("  NotesTable:")[1].split("\n\n")[0]
    new_function = (
        "\n\n  MoreFunction:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: functions/write\n"
        "      Events:\n"
        '        Any: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: "/more/{table}", Method: POST}}\n'
    )
    template.write_text(template.read_text().rstrip() + "\n\n" + new_table + new_function)
    eventually(lambda: running.post("/more/MoreTable", {"id": "1"}).status == 201, what="the new function")
