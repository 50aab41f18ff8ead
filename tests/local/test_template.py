"""Reading the template, and the errors for an invalid one."""

from pathlib import Path
from unittest import mock

import pytest

from local.errors import RunnerError
from local.gateway.app import make_app
from local.template import Cors, logical_id, read_project
from tests.local.harness import INVALID_PATHS, PROJECT
from tests.support import ROOT


def test_template_is_read_completely() -> None:
    project = read_project(PROJECT / "template.yaml", {"Greeting": "good day"})
    echo = project.functions["EchoFunction"]
    assert echo.folder == PROJECT / "functions/echo"
    assert (echo.handler, echo.timeout, echo.memory) == ("app.handler", 5, 128)
    assert echo.environment == {
        "GREETING": "good day",
        "RATE_LIMIT_MULTIPLIER": "1",
        "MAIL_FROM": "Test <no-reply@example.com>",
        "NOTES_TABLE": "NotesTable",
        "EVENTS_TABLE": "EventsTable",
    }
    assert project.functions["TroubleFunction"].timeout == 1
    cors = Cors(("http://app.test",), ("GET", "POST"), ("authorization",), ("x-request-id",), 600, any_local=True)
    assert project.cors == cors
    assert project.layers == (PROJECT / "layers/common",)
    assert set(project.tables) == {"NotesTable", "EventsTable"}
    assert project.rotations == {"KeySecret": "RotateFunction"}
    (stream,) = project.streams
    assert (stream.table, stream.function, stream.on_failure) == ("EventsTable", "ConsumeFunction", "FailedQueue")
    assert (stream.batch_size, stream.max_retries, stream.max_age) == (10, 1, None)
    assert stream.bisect
    assert stream.report_failures


@pytest.mark.parametrize(
    "value",
    [
        "Thing",
        {"Ref": "Thing"},
        {"Fn::GetAtt": ["Thing", "Arn"]},
        {"Fn::GetAtt": "Thing.Arn"},
        "arn:aws:lambda:eu-west-1:123456789012:function:Thing",
    ],
)
def test_every_form_of_reference_names_the_resource(value: object) -> None:
    assert logical_id(value) == "Thing"


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("Resources:", "Resources: [", r"template.yaml cannot be read: .* Correct the file"),
        ("!Ref EventsTable", "!Ref Nothing", r"refers to Nothing, which it does not declare \(Globals/"),
        (
            "!GetAtt FailedQueue.Arn",
            "!GetAtt Nothing.Arn",
            r"refers to Nothing, which it does not declare \(Resources/",
        ),
        ("hello", '!Sub "${Nothing} ${AWS::Region} ${!Literal}"', None),
        ("GREETING: !Ref Greeting", 'GREETING: !Sub "${Nothing}"', r"refers to Nothing"),
        ("CodeUri: functions/echo", "CodeUri: functions/gone", r"EchoFunction: there is no functions/gone/app.py"),
        ("Handler: app.handler", "Handler: other.handler", r"there is no functions/\w+/other.py"),
        ("Timeout: 5", "Timeout: soon", r"template.yaml cannot be read: ValueError: .*'soon'\. Correct the file"),
        ("AllowOrigins: [http://app.test]", "AllowOrigins: 5", r"template.yaml cannot be read: TypeError: .* Correct"),
        ("BatchSize: 10", "BatchSize: many", r"template.yaml cannot be read: ValueError: .*'many'\. Correct"),
    ],
)
def test_template_error_is_reported_with_its_place(project_copy: Path, old: str, new: str, error: str | None) -> None:
    template = project_copy / "template.yaml"
    template.write_text(template.read_text().replace(old, new))
    if error is None:
        read_project(template, {})
        return
    with pytest.raises(RunnerError, match=error):
        read_project(template, {})


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("RateLimitMultiplier", "abc", "text that matches"),
        ("LogLevel", "LOUD", "DEBUG or INFO"),
        ("EmailsToOthers", "many", "a number|matches"),
    ],
)
def test_parameter_that_cloudformation_would_refuse_is_reported(name: str, value: str, rule: str) -> None:
    with pytest.raises(RunnerError, match=rf"^The parameter {name} is '{value}', but .*({rule}).* Correct the value"):
        read_project(ROOT / "template.yaml", {name: value})


@pytest.mark.parametrize("path", INVALID_PATHS)
def test_invalid_route_is_reported_with_the_next_step(project_copy: Path, path: str) -> None:
    template = project_copy / "template.yaml"
    template.write_text(template.read_text().replace("Path: /broken", f"Path: '{path}'"))
    with pytest.raises(RunnerError, match=r"^The template has an invalid route: .*Correct the Path of the event\.$"):
        make_app(read_project(template, {}), mock.Mock(), mock.Mock(), 0)


def test_missing_template_is_reported_with_the_option_to_choose_it(tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match=r"There is no .*--template"):
        read_project(tmp_path / "template.yaml", {})
