"""Saving a file: the code, the layer or the template that was saved is what the next requests meet."""

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
    """The copy that these tests change, one after the other."""
    return copy_project(tmp_path_factory.mktemp("changing"))


@pytest.fixture(scope="module")
def running(project: Path) -> Iterator[Running]:
    with Running(project / "template.yaml", project.parent / "data") as running:
        yield running.ready()


def test_saved_code_is_live_at_the_next_request(running: Running, project: Path) -> None:
    other = int(running.get("/trouble/fine").body)
    assert running.get("/echo").json["message"] == "first"
    file = project / "functions/echo/app.py"
    file.write_text(file.read_text().replace('"first"', '"second"'))
    eventually(lambda: running.get("/echo").json["message"] == "second", what="the new code")
    assert int(running.get("/trouble/fine").body) == other, "only the function that changed gets new workers"


def test_two_saves_within_a_second_are_both_live(running: Running, project: Path) -> None:
    """Compiled files are known by size and whole second of their source: one made of the first save would be used."""
    file = project / "functions/echo/app.py"
    second = int(file.stat().st_mtime) + 1
    for number, text in enumerate(("early", "later")):
        source = re.sub(r'MESSAGE = "\w+"', f'MESSAGE = "{text}"', file.read_text())
        file.write_text(source)
        os.utime(file, ns=(0, second * 10**9 + number))
        eventually(lambda text=text: running.get("/echo").json["message"] == text, what=f"the save {number}")  # type: ignore[misc]


def test_a_saved_layer_is_live_in_every_function(running: Running, project: Path) -> None:
    assert running.get("/echo").json["layer"] == "1"
    file = project / "layers/common/common/__init__.py"
    file.write_text(file.read_text().replace('"1"', '"2"'))
    eventually(lambda: running.get("/echo").json["layer"] == "2", what="the new layer")


def test_code_that_breaks_and_is_mended(running: Running, project: Path) -> None:
    file = project / "functions/echo/app.py"
    good = file.read_text()
    file.write_text("def handler(:\n")
    eventually(lambda: running.get("/echo").status == 502, what="the broken code")
    running.says(r"EchoFunction \| SyntaxError")
    file.write_text(good)
    eventually(lambda: running.get("/echo").status == 200, what="the mended code")


def test_a_request_in_progress_ends_with_the_code_it_began_with(running: Running, project: Path) -> None:
    file = project / "functions/trouble/app.py"
    file.write_text(file.read_text().replace("time.sleep(60)", "time.sleep(0.7)"))
    running.says("Changed: .*TroubleFunction")
    before = running.line_count
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(running.get, "/trouble/hang")
        running.says("hanging in", after=before)
        file.write_text(file.read_text() + "\n")
        running.says("Changed: .*TroubleFunction", after=before)
        assert slow.result().status == 200
    assert running.get("/trouble/fine").status == 200


def test_a_broken_template_is_named_and_the_old_one_served_on(running: Running, project: Path) -> None:
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
    template.write_text(good)
    eventually(lambda: running.get("/echo").status == 200, what="the old route")


def test_a_new_function_and_a_new_table_are_there_after_saving(running: Running, project: Path) -> None:
    template = project / "template.yaml"
    new_table = "  MoreTable:" + template.read_text().split("  NotesTable:")[1].split("\n\n")[0]
    new_function = (
        "\n\n  MoreFunction:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: functions/write\n"
        "      Events:\n"
        '        Any: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: "/more/{table}", Method: POST}}\n'
    )
    template.write_text(template.read_text().rstrip() + "\n\n" + new_table + new_function)
    eventually(lambda: running.post("/more/MoreTable", {"id": "1"}).status == 201, what="the new function")
